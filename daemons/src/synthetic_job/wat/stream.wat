;; Reads standard input, mixes its bytes again and again, and writes what became of them to standard output.

(func $start
  (local $length i32) (local $at i32) (local $state i32) (local $rounds i32)
  (local.set $length (call $read_all (i32.const 0) (i32.const 65536) (i32.const 65536)))
  (local.set $state (i32.const @constant@))
  (local.set $rounds (call $argument))
  (loop $again
    (local.set $at (i32.const 65536))
    (loop $next
      (local.set $state (call $mix (i32.xor (local.get $state) (i32.load8_u (local.get $at)))))
      (i32.store8 (local.get $at) (local.get $state))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.add (local.get $length) (i32.const 65536)))))
    (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
    (br_if $again (i32.gt_s (local.get $rounds) (i32.const 0))))
  (call $print (local.get $state))
  (call $write_all (i32.const 1) (i32.const 65536) (local.get $length)))

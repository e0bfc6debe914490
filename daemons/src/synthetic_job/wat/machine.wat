;; Interprets standard input as a program for a machine whose instructions are functions in a table.

(func $start
  (local $length i32) (local $at i32) (local $state i32) (local $steps i32)
  (local.set $length (call $read_all (i32.const 0) (i32.const 65536) (i32.const 65536)))
  (drop (call $random_get (i32.const 131072) (i32.const 4)))
  (drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 131080)))
  (local.set $state (i32.xor (i32.load (i32.const 131072)) (i32.load (i32.const 131080))))
  (local.set $steps (call $argument))
  (loop $next
    (local.set $state
      (call_indirect (type $operation)
        (i32.add (local.get $state) (i32.const @constant@))
        (i32.rem_u (i32.load8_u offset=65536 (local.get $at)) (i32.const @operations@))))
    (local.set $at (i32.rem_u
      (i32.add (local.get $at) (select (i32.const 1) (i32.const @jump@) (i32.and (local.get $state) (i32.const 7))))
      (local.get $length)))
    (local.set $steps (i32.sub (local.get $steps) (i32.const 1)))
    (br_if $next (local.get $steps)))
  (call $print (local.get $state))
  (if (i32.eqz (i32.and (local.get $state) (i32.const 15))) (then (unreachable)))
  (call $proc_exit (i32.and (i32.shr_u (local.get $state) (i32.const 8)) (i32.const 3))))

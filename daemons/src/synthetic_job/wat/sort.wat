;; Reads a file of words, sorts them by their mixed values, and writes them to another file.

(func $before (param $a i32) (param $b i32) (result i32)
  (i32.lt_u (i32.load offset=262144 (local.get $a)) (i32.load offset=262144 (local.get $b))))

(func $swap (param $a i32) (param $b i32)
  (local $word i32)
  (local.set $word (i32.load offset=65536 (local.get $a)))
  (i32.store offset=65536 (local.get $a) (i32.load offset=65536 (local.get $b)))
  (i32.store offset=65536 (local.get $b) (local.get $word))
  (local.set $word (i32.load offset=262144 (local.get $a)))
  (i32.store offset=262144 (local.get $a) (i32.load offset=262144 (local.get $b)))
  (i32.store offset=262144 (local.get $b) (local.get $word)))

(func $start
  (local $length i32) (local $i i32) (local $j i32)
  (local.set $length (i32.and (i32.const -4)
    (call $read_all (call $open (i32.const @in_at@) (i32.const @in_length@) (i32.const 0) (i64.const 2)) (i32.const 65536) (i32.const 131072))))
  (loop $keys
    (i32.store offset=262144 (local.get $i)
      (call $mix (i32.xor (i32.load offset=65536 (local.get $i)) (i32.const @constant@))))
    (local.set $i (i32.add (local.get $i) (i32.const 4)))
    (br_if $keys (i32.lt_u (local.get $i) (local.get $length))))
  (local.set $i (i32.const 4))
  (loop $outer
    (local.set $j (local.get $i))
    (block $done
      (loop $inner
        (br_if $done (i32.eqz (local.get $j)))
        (br_if $done (i32.eqz (call $before (local.get $j) (i32.sub (local.get $j) (i32.const 4)))))
        (call $swap (local.get $j) (i32.sub (local.get $j) (i32.const 4)))
        (local.set $j (i32.sub (local.get $j) (i32.const 4)))
        (br $inner)))
    (local.set $i (i32.add (local.get $i) (i32.const 4)))
    (br_if $outer (i32.lt_u (local.get $i) (local.get $length))))
  (call $write_all (call $open (i32.const @out_at@) (i32.const @out_length@) (i32.const 1) (i64.const 64))
    (i32.const 65536) (local.get $length)))

;; Finds the primes below the number that is its argument, and prints how many there are and their mixed sum.

(func $start
  (local $end i32) (local $i i32) (local $j i32) (local $count i32) (local $sum i32)
  (local.set $end (call $argument))
  (local.set $i (i32.const 2))
  (loop $next
    (if (i32.eqz (i32.load8_u offset=65536 (local.get $i)))
      (then
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const @rotation@)) (call $mix (local.get $i))))
        (local.set $j (i32.shl (local.get $i) (i32.const 1)))
        (block $done
          (loop $multiples
            (br_if $done (i32.ge_u (local.get $j) (local.get $end)))
            (i32.store8 offset=65536 (local.get $j) (i32.const 1))
            (local.set $j (i32.add (local.get $j) (local.get $i)))
            (br $multiples)))))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $i) (local.get $end))))
  (call $print (local.get $count))
  (call $print (local.get $sum))
  (call $proc_exit (i32.and (local.get $sum) (i32.const 127))))

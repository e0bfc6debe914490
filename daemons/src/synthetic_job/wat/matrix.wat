;; Multiplies a square matrix of random numbers with itself until it was told to stop, and writes it to a file.

(func $cell (param $matrix i32) (param $row i32) (param $column i32) (result i32)
  (i32.add (local.get $matrix)
    (i32.shl (i32.add (i32.mul (local.get $row) (i32.const @size@)) (local.get $column)) (i32.const 3))))

(func $multiply (param $row i32) (param $column i32) (result f64)
  (local $k i32) (local $sum f64)
  (loop $next
    (local.set $sum (f64.add (local.get $sum)
      (f64.mul (f64.load (call $cell (i32.const 65536) (local.get $row) (local.get $k)))
        (f64.load (call $cell (i32.const 65536) (local.get $k) (local.get $column))))))
    (local.set $k (i32.add (local.get $k) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $k) (i32.const @size@))))
  (f64.div (local.get $sum) (f64.add (f64.const 1) (f64.sqrt (f64.abs (local.get $sum))))))

(func $start
  (local $i i32) (local $j i32) (local $rounds i32)
  (local.set $rounds (call $argument))
  (loop $fill
    (f64.store offset=65536 (i32.shl (local.get $i) (i32.const 3))
      (f64.div (f64.convert_i32_s (call $mix (i32.xor (local.get $i) (i32.const @constant@)))) (f64.const @divisor@)))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $fill (i32.lt_u (local.get $i) (i32.mul (i32.const @size@) (i32.const @size@)))))
  (loop $again
    (local.set $i (i32.const 0))
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (f64.store (call $cell (i32.const 262144) (local.get $i) (local.get $j)) (call $multiply (local.get $i) (local.get $j)))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $j) (i32.const @size@))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $i) (i32.const @size@))))
    (memory.copy (i32.const 65536) (i32.const 262144) (i32.mul (i32.const @size@) (i32.const @row_bytes@)))
    (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
    (br_if $again (i32.gt_s (local.get $rounds) (i32.const 0))))
  (call $write_all (call $open (i32.const @out_at@) (i32.const @out_length@) (i32.const 1) (i64.const 64))
    (i32.const 65536) (i32.mul (i32.const @size@) (i32.const @row_bytes@))))

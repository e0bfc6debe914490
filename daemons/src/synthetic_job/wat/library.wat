;; What the programs share. Addresses below 512 are its own; 512 to 543 are 32 random bytes; file names follow.

(func $write_all (param $fd i32) (param $at i32) (param $length i32)
  (i32.store (i32.const 0) (local.get $at))
  (i32.store (i32.const 4) (local.get $length))
  (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))

(func $read_all (param $fd i32) (param $at i32) (param $most i32) (result i32)
  (local $end i32)
  (local.set $end (local.get $at))
  (loop $more
    (i32.store (i32.const 0) (local.get $end))
    (i32.store (i32.const 4) (i32.sub (i32.add (local.get $at) (local.get $most)) (local.get $end)))
    (i32.store (i32.const 8) (i32.const 0))
    (drop (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
    (local.set $end (i32.add (local.get $end) (i32.load (i32.const 8))))
    (br_if $more (i32.load (i32.const 8))))
  (i32.sub (local.get $end) (local.get $at)))

;; The number that is the first argument.
(func $argument (result i32)
  (local $at i32) (local $digit i32) (local $number i32)
  (drop (call $args_get (i32.const 16) (i32.const 64)))
  (local.set $at (i32.load (i32.const 20)))
  (loop $more
    (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
    (if (i32.lt_u (local.get $digit) (i32.const 10))
      (then
        (local.set $number (i32.add (i32.mul (local.get $number) (i32.const 10)) (local.get $digit)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $more))))
  (local.get $number))

;; Writes a number and a line break to standard output.
(func $print (param $number i32)
  (local $at i32)
  (local.set $at (i32.const 511))
  (i32.store8 (local.get $at) (i32.const 10))
  (loop $more
    (local.set $at (i32.sub (local.get $at) (i32.const 1)))
    (i32.store8 (local.get $at) (i32.add (i32.rem_u (local.get $number) (i32.const 10)) (i32.const 48)))
    (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
    (br_if $more (local.get $number)))
  (call $write_all (i32.const 1) (local.get $at) (i32.sub (i32.const 512) (local.get $at))))

(func $open (param $name i32) (param $length i32) (param $flags i32) (param $rights i64) (result i32)
  (drop (call $path_open (i32.const 3) (i32.const 0) (local.get $name) (local.get $length) (local.get $flags)
    (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 12)))
  (i32.load (i32.const 12)))

;; Copies the file that its first argument names, up to 32 KiB, to the one that its second argument names, and says so on
;; standard error.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 20) "copied\n")
  (func $length (param $at i32) (result i32)
    (local $end i32)
    (local.set $end (local.get $at))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (i32.load8_u (local.get $end))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $end) (local.get $at)))
  ;; Opens a path below the only folder, without the slash at its start.
  (func $open (param $path i32) (param $flags i32) (param $rights i64) (result i32)
    (local.set $path (i32.add (local.get $path) (i32.const 1)))
    (if
      (call $path_open (i32.const 3) (i32.const 0) (local.get $path)
        (call $length (local.get $path)) (local.get $flags) (local.get $rights) (i64.const 0)
        (i32.const 0) (i32.const 4))
      (then unreachable))
    (i32.load (i32.const 4)))
  (func (export "_start")
    (local $in i32)
    (local $out i32)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (drop (call $args_get (i32.const 32) (i32.const 1024)))
    (local.set $in (call $open (i32.load (i32.const 36)) (i32.const 0) (i64.const 2)))
    (local.set $out (call $open (i32.load (i32.const 40)) (i32.const 1) (i64.const 64)))
    (i32.store (i32.const 8) (i32.const 32768))
    (i32.store (i32.const 12) (i32.const 32768))
    (drop (call $fd_read (local.get $in) (i32.const 8) (i32.const 1) (i32.const 4)))
    (i32.store (i32.const 12) (i32.load (i32.const 4)))
    (drop (call $fd_write (local.get $out) (i32.const 8) (i32.const 1) (i32.const 4)))
    (i32.store (i32.const 8) (i32.const 20))
    (i32.store (i32.const 12) (i32.const 7))
    (drop (call $fd_write (i32.const 2) (i32.const 8) (i32.const 1) (i32.const 4)))))

;; Prints 3 MiB of zeros.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 49)
  (func (export "_start")
    (i32.store (i32.const 8) (i32.const 16))
    (i32.store (i32.const 12) (i32.const 3145728))
    (drop (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 4)))))

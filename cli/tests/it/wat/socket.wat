;; Imports what the profile does not have.
(module
  (import "env" "socket" (func (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")))

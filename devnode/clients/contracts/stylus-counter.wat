;; `ICounter` of Counter.sol as a Stylus program; it starts at 0. Words are big endian.
;;
;; memory   64  key of the slot: 0
;;         128  topic of Added, caller, amount, total: what is logged
;;         256  selector of TooMuch, amount, limit: what a refusal says
;;         512  calldata
(module
  (import "vm_hooks" "read_args" (func $read_args (param i32)))
  (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
  (import "vm_hooks" "storage_load_bytes32" (func $storage_load_bytes32 (param i32 i32)))
  (import "vm_hooks" "storage_cache_bytes32" (func $storage_cache_bytes32 (param i32 i32)))
  (import "vm_hooks" "storage_flush_cache" (func $storage_flush_cache (param i32)))
  (import "vm_hooks" "msg_sender" (func $msg_sender (param i32)))
  (import "vm_hooks" "emit_log" (func $emit_log (param i32 i32 i32)))
  (memory (export "memory") 1 1)
  (data (i32.const 128) "\2a\8f\5e\2f\05\e2\41\e9\ee\d0\e8\f7\a9\33\8b\a0\78\a2\6e\d2\cf\c2\29\13\ac\fd\87\4a\2d\30\93\c5")
  (data (i32.const 256) "\60\73\b2\1f")
  (data (i32.const 323) "\64")

  (func (export "user_entrypoint") (param $len i32) (result i32)
    (local $selector i32)
    (call $read_args (i32.const 512))
    (local.set $selector (i32.load (i32.const 512)))
    (call $storage_load_bytes32 (i32.const 64) (i32.const 224))
    ;; number()
    (if (i32.eq (local.get $selector) (i32.const 0x8af58183))
      (then
        (call $write_result (i32.const 224) (i32.const 32))
        (return (i32.const 0))))
    ;; add(uint256)
    (if (i32.and (i32.eq (local.get $selector) (i32.const 0xd2e20310)) (i32.ge_u (local.get $len) (i32.const 36)))
      (then (return (call $add))))
    (call $write_result (i32.const 0) (i32.const 0))
    (i32.const 1))

  (func $add (result i32)
    (call $copy (i32.const 516) (i32.const 192))
    (if (call $above_limit)
      (then
        (call $copy (i32.const 192) (i32.const 260))
        (call $write_result (i32.const 256) (i32.const 68))
        (return (i32.const 1))))
    (call $sum)
    (call $storage_cache_bytes32 (i32.const 64) (i32.const 224))
    (call $storage_flush_cache (i32.const 0))
    (call $msg_sender (i32.const 172))
    (call $emit_log (i32.const 128) (i32.const 128) (i32.const 2))
    (call $write_result (i32.const 224) (i32.const 32))
    (i32.const 0))

  ;; Whether the amount is above 100.
  (func $above_limit (result i32)
    (i32.or
      (i32.gt_u (i32.load8_u (i32.const 223)) (i32.const 100))
      (i64.ne
        (i64.or
          (i64.or (i64.load (i32.const 192)) (i64.load (i32.const 200)))
          (i64.or (i64.load (i32.const 208)) (i64.and (i64.load (i32.const 216)) (i64.const 0x00ffffffffffffff))))
        (i64.const 0))))

  ;; Copies a word.
  (func $copy (param $from i32) (param $to i32)
    (i64.store (local.get $to) (i64.load (local.get $from)))
    (i64.store offset=8 (local.get $to) (i64.load offset=8 (local.get $from)))
    (i64.store offset=16 (local.get $to) (i64.load offset=16 (local.get $from)))
    (i64.store offset=24 (local.get $to) (i64.load offset=24 (local.get $from))))

  ;; Adds the amount to the total, byte by byte from the last; what leaves the word is lost.
  (func $sum
    (local $at i32) (local $carry i32)
    (local.set $at (i32.const 31))
    (loop $next
      (local.set $carry
        (i32.add (local.get $carry)
          (i32.add (i32.load8_u offset=192 (local.get $at)) (i32.load8_u offset=224 (local.get $at)))))
      (i32.store8 offset=224 (local.get $at) (local.get $carry))
      (local.set $carry (i32.shr_u (local.get $carry) (i32.const 8)))
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (br_if $next (i32.ge_s (local.get $at) (i32.const 0))))))

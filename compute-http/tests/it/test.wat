;; A component that does one thing for each first byte of a path. What functions return lies at 1024.
(module
  (import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $sleep (param i64) (result i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-output (param i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-request.path-with-query" (func $path (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-request.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-body.stream" (func $body-stream (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-response.body" (func $response-body (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-body.write" (func $body-write (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-authority"
    (func $set-authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-path-with-query"
    (func $set-path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]future-incoming-response.subscribe"
    (func $subscribe (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]future-incoming-response.get" (func $get (param i32 i32)))
  (import "wasi:http/outgoing-handler@0.2.0" "handle" (func $send (param i32 i32 i32 i32)))

  (memory (export "memory") 4)
  (global $heap (mut i32) (i32.const 65536))
  (global $count (mut i32) (i32.const 0))
  (data (i32.const 2048) "hello")
  (data (i32.const 2064) "example.org/")
  (data (i32.const 2080) "first\nsecond\n")

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap
      (i32.and (i32.add (i32.add (global.get $heap) (local.get 3)) (i32.const 7)) (i32.const -8)))
    (local.get $at))

  ;; Gives the response; returns its body and the stream into it.
  (func $begin (param $out i32) (result i32 i32)
    (local $response i32) (local $body i32)
    (local.set $response (call $response (call $fields)))
    (call $response-body (local.get $response) (i32.const 1024))
    (local.set $body (i32.load (i32.const 1028)))
    (call $set (local.get $out) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $body-write (local.get $body) (i32.const 1024))
    (local.get $body)
    (i32.load (i32.const 1028)))

  (func $end (param $body i32) (param $stream i32)
    (call $drop-output (local.get $stream))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 1024)))

  (func $respond (param $out i32) (param $at i32) (param $len i32)
    (local $body i32) (local $stream i32)
    (call $begin (local.get $out))
    (local.set $stream) (local.set $body)
    (call $write (local.get $stream) (local.get $at) (local.get $len) (i32.const 1024))
    (call $end (local.get $body) (local.get $stream)))

  ;; The value of the only variable.
  (func $env (param $out i32)
    (local $list i32)
    (call $environment (i32.const 1024))
    (if (i32.ne (i32.load (i32.const 1028)) (i32.const 1)) (then unreachable))
    (local.set $list (i32.load (i32.const 1024)))
    (call $respond (local.get $out) (i32.load offset=8 (local.get $list)) (i32.load offset=12 (local.get $list))))

  ;; How many pages there are when no more can be had.
  (func $grow (param $out i32)
    (loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (i32.store (i32.const 3000) (memory.size))
    (call $respond (local.get $out) (i32.const 3000) (i32.const 4)))

  ;; The number of the error that a request gets.
  (func $outgoing (param $out i32)
    (local $request i32) (local $future i32)
    (local.set $request (call $request (call $fields)))
    (drop (call $set-authority (local.get $request) (i32.const 1) (i32.const 2064) (i32.const 11)))
    (drop (call $set-path (local.get $request) (i32.const 1) (i32.const 2075) (i32.const 1)))
    (call $send (local.get $request) (i32.const 0) (i32.const 0) (i32.const 1024))
    (if (i32.load8_u (i32.const 1024)) (then unreachable))
    (local.set $future (i32.load (i32.const 1032)))
    (call $block (call $subscribe (local.get $future)))
    (call $get (local.get $future) (i32.const 1024))
    ;; There is one, for the first time, and it is an error.
    (if (i32.ne (i32.load8_u (i32.const 1024)) (i32.const 1)) (then unreachable))
    (if (i32.load8_u (i32.const 1032)) (then unreachable))
    (if (i32.ne (i32.load8_u (i32.const 1040)) (i32.const 1)) (then unreachable))
    (call $respond (local.get $out) (i32.const 1048) (i32.const 1)))

  (func $count-one (param $out i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store8 (i32.const 3000) (i32.add (global.get $count) (i32.const 48)))
    (call $respond (local.get $out) (i32.const 3000) (i32.const 1)))

  ;; Sends back what comes.
  (func $echo (param $request i32) (param $out i32)
    (local $input i32) (local $body i32) (local $stream i32)
    (call $consume (local.get $request) (i32.const 1024))
    (call $body-stream (i32.load (i32.const 1028)) (i32.const 1024))
    (local.set $input (i32.load (i32.const 1028)))
    (call $begin (local.get $out))
    (local.set $stream) (local.set $body)
    (block $done
      (loop $again
        (global.set $heap (i32.const 65536))
        (call $read (local.get $input) (i64.const 4096) (i32.const 1024))
        (br_if $done (i32.load8_u (i32.const 1024)))
        (call $write (local.get $stream) (i32.load (i32.const 1028)) (i32.load (i32.const 1032)) (i32.const 1024))
        (br $again)))
    (call $end (local.get $body) (local.get $stream)))

  ;; Half a response, which is more than fits into any buffer, then a trap.
  (func $half (param $out i32)
    (local $body i32) (local $stream i32) (local $left i32)
    (call $begin (local.get $out))
    (local.set $stream) (local.set $body)
    (local.set $left (i32.const 4000))
    (loop $again
      (call $write (local.get $stream) (i32.const 2048) (i32.const 4096) (i32.const 1024))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    unreachable)

  ;; A response that is not begun when the trap comes.
  (func $broken (param $out i32)
    (call $begin (local.get $out))
    unreachable)

  (func $log (param $out i32)
    (call $write (call $stdout) (i32.const 2080) (i32.const 12) (i32.const 1024))
    (call $respond (local.get $out) (i32.const 2048) (i32.const 5)))

  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param $request i32) (param $out i32)
    (local $key i32)
    (call $path (local.get $request) (i32.const 1024))
    (local.set $key (i32.load8_u offset=1 (i32.load (i32.const 1028))))
    (if (i32.eq (local.get $key) (i32.const 0x63 (;c;))) (then (return (call $count-one (local.get $out)))))
    (if (i32.eq (local.get $key) (i32.const 0x65 (;e;))) (then (return (call $env (local.get $out)))))
    (if (i32.eq (local.get $key) (i32.const 0x67 (;g;))) (then (return (call $grow (local.get $out)))))
    (if (i32.eq (local.get $key) (i32.const 0x6f (;o;))) (then (return (call $outgoing (local.get $out)))))
    (if (i32.eq (local.get $key) (i32.const 0x62 (;b;)))
      (then (return (call $echo (local.get $request) (local.get $out)))))
    (if (i32.eq (local.get $key) (i32.const 0x68 (;h;))) (then (return (call $half (local.get $out)))))
    (if (i32.eq (local.get $key) (i32.const 0x6c (;l;))) (then (return (call $log (local.get $out)))))
    (if (i32.eq (local.get $key) (i32.const 0x78 (;x;))) (then (return (call $broken (local.get $out)))))
    (if (i32.eq (local.get $key) (i32.const 0x71 (;q;))) (then (return)))
    (if (i32.eq (local.get $key) (i32.const 0x73 (;s;))) (then
        (call $write (call $stdout) (i32.const 2080) (i32.const 13) (i32.const 1024))
        (loop $for-ever (br $for-ever))))
    (if (i32.eq (local.get $key) (i32.const 0x74 (;t;))) (then unreachable))
    (if (i32.eq (local.get $key) (i32.const 0x77 (;w;)))
      (then (call $block (call $sleep (i64.const 3600000000000)))))
    (if (i32.eq (local.get $key) (i32.const 0x72 (;r;)))
      (then
        (i64.store (i32.const 3000) (call $random))
        (return (call $respond (local.get $out) (i32.const 3000) (i32.const 8)))))
    (call $respond (local.get $out) (i32.const 2048) (i32.const 5))))

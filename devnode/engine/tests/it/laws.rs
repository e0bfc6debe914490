//! laws
use crate::ledger::Ledger;
use engine::{Params, activate, run};
#[test]
fn bench() {
    let wasm = wat::parse_str(r#"(module (memory (export "memory") 1 1)
      (func (export "user_entrypoint") (param i32) (result i32) (local $i i32)
        (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $l (i32.lt_u (local.get $i) (i32.const 30000000))))
        (i32.const 0)))"#).unwrap();
    let a = activate(&wasm, 128, u64::MAX, true).unwrap();
    let t = std::time::Instant::now();
    let o = run(&a.module, &Params::default(), &[], 1 << 40, &mut Ledger::default());
    eprintln!("loop {:?} {:?}", o.status, t.elapsed());
    let t = std::time::Instant::now();
    for _ in 0..1000 { run(&a.module, &Params::default(), &[], 0, &mut Ledger::default()); }
    eprintln!("1000 starts {:?}", t.elapsed());
}

//! What a job costs beside its computation: `overhead [JOBS]`.
//!
//! Prints the time of an empty job from the call to the result, how many such jobs two threads finish in a second, and
//! for programs that compute the ratio to the bare engine in this process with the same settings.

use muster_compute::{BlobStore, Cancel, Job, JobDocument, Runner, Settings, child_main};
use std::{
    error::Error,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use wasmtime::{Config, Engine, Instance, Module, Store};

/// An empty program.
const EMPTY: &str = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;

/// Crosses out the multiples of all numbers below 5,000,000, ten times.
const SIEVE: &str = r#"(module (memory (export "memory") 80)
    (func (export "_start") (local $i i32) (local $j i32) (local $times i32)
        (loop $again
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 5000000))
        (local.set $i (i32.const 2))
        (loop $outer
            (if (i32.eqz (i32.load8_u (local.get $i))) (then
                (local.set $j (i32.add (local.get $i) (local.get $i)))
                (loop $inner
                    (if (i32.lt_u (local.get $j) (i32.const 5000000)) (then
                        (i32.store8 (local.get $j) (i32.const 1))
                        (local.set $j (i32.add (local.get $j) (local.get $i)))
                        (br $inner))))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $outer (i32.lt_u (local.get $i) (i32.const 2500000))))
        (br_if $again (i32.lt_u (local.tee $times (i32.add (local.get $times) (i32.const 1))) (i32.const 10))))))"#;

/// Steps a logistic map 50,000,000 times: floating point, each step after the other.
const FLOAT: &str = r#"(module (memory (export "memory") 1)
    (func (export "_start") (local $x f64) (local $i i32)
        (local.set $x (f64.const 0.4))
        (loop $more
            (local.set $x (f64.mul (f64.mul (f64.const 3.7) (local.get $x)) (f64.sub (f64.const 1) (local.get $x))))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50000000))))
        (f64.store (i32.const 0) (local.get $x))))"#;

#[expect(clippy::print_stdout, reason = "numbers are its purpose")]
fn main() -> Result<(), Box<dyn Error>> {
    child_main();
    let jobs = std::env::args().nth(1).map_or(Ok(300), |jobs| jobs.parse::<usize>())?;
    let folder = tempfile::tempdir()?;
    let blobs = BlobStore::open(folder.path().join("blobs"))?;
    let runner = Runner::new(Settings::new(folder.path().join("cache")), blobs)?;
    let cancel = Cancel::new()?;

    let empty = job(&runner, EMPTY)?;
    runner.prepare(&empty.document().module, &cancel)?;
    let mut times =
        (0..jobs).map(|_| timed(|| runner.run(&empty, &cancel))).collect::<Result<Vec<_>, _>>()?;
    times.sort();
    let at = |part: usize| {
        times.get(jobs.saturating_mul(part).div_euclid(100)).copied().unwrap_or_default()
    };
    println!(
        "empty job: median {} µs, 99 of 100 within {} µs",
        at(50).as_micros(),
        at(99).as_micros()
    );

    let next = AtomicUsize::new(0);
    let all = timed(|| {
        std::thread::scope(|scope| {
            let work = || {
                while next.fetch_add(1, Ordering::Relaxed) < jobs {
                    runner.run(&empty, &cancel)?;
                }
                Ok::<_, muster_compute::RunError>(())
            };
            let threads = [scope.spawn(work), scope.spawn(work)];
            threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Ok(())))
        })
    })?;
    let rate = u128::try_from(jobs)?.saturating_mul(1_000_000).div_euclid(all.as_micros().max(1));
    println!("two threads: {rate} jobs/s");

    for (name, wat) in [("sieve", SIEVE), ("float", FLOAT)] {
        let job = job(&runner, wat)?;
        runner.prepare(&job.document().module, &cancel)?;
        let (strict, plain) = (bare(wat, true)?, bare(wat, false)?);
        let ours = best(|| runner.run(&job, &cancel).map(drop))?;
        let percent = |other: Duration| {
            ours.as_micros().saturating_mul(100).div_euclid(other.as_micros().max(1))
        };
        println!(
            "{name}: {} ms, {} % of the bare engine, {} % of it without canonical NaNs",
            ours.as_millis(),
            percent(strict),
            percent(plain)
        );
    }
    Ok(())
}

/// A job of a program in text form.
fn job(runner: &Runner, wat: &str) -> Result<Job, Box<dyn Error>> {
    Ok(Job::new(JobDocument::new(runner.blobs().put(&wat::parse_str(wat)?)?))?)
}

/// How long something takes.
fn timed<T, E>(action: impl FnOnce() -> Result<T, E>) -> Result<Duration, E> {
    let start = Instant::now();
    action()?;
    Ok(start.elapsed())
}

/// The shortest of five times.
fn best<E>(mut action: impl FnMut() -> Result<(), E>) -> Result<Duration, E> {
    (0..5).try_fold(Duration::MAX, |best, _| Ok(best.min(timed(&mut action)?)))
}

/// The time of a program in this process, with the profile's arithmetic or with the processor's own.
fn bare(wat: &str, is_canonical: bool) -> Result<Duration, Box<dyn Error>> {
    let mut config = Config::new();
    config.cranelift_nan_canonicalization(is_canonical);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, wat::parse_str(wat)?)?;
    Ok(best(|| {
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())
    })?)
}

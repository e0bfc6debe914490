//! `muster run`, `muster map` and `muster job`, with workers that run jobs and one that lies.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use muster_compute::Digest;
use serde_json::Value;
use tokio::task::block_in_place;

use crate::job_market::{JobMarket, compile};
use crate::services::write_component;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_run_by_two_workers_and_its_exit_code_is_that_of_the_command() {
    let market = JobMarket::start("run-twice", &["ada", "bob"]).await;
    compile(market.folder(), "echo");
    let (code, stdout, stderr) = market.run("run echo.wasm -- hello");
    assert_eq!((code, stdout.as_str()), (125, ""), "{stderr}");
    assert!(stderr.contains("give --budget"), "{stderr}");
    let (code, _, stderr) = market.run("run echo.wasm --budget 1gwei -- hello");
    assert_eq!(code, 125, "{stderr}");
    assert!(stderr.contains("more than the budget"), "{stderr}");
    assert_eq!(market.agreements(), 0);

    let (code, stdout, stderr) = market.run("run echo.wasm --budget 1eth --yes -- hello");
    assert_eq!((code, stdout.as_str()), (0, "hello"), "{stderr}");
    assert!(stderr.contains("price: ") && stderr.contains("agreed"), "{stderr}");
    // The agreement runs, so nothing is bought.
    let (code, stdout, stderr) = market.run("run echo.wasm -- hello 1 2");
    assert_eq!((code, stdout.as_str()), (2, "hello"), "{stderr}");
    assert_eq!(market.agreements(), 1);
    // Nobody reads what the program prints, or what is said besides.
    let silent = |close: fn(&mut Child)| {
        let mut command = market.client("run echo.wasm -- hello");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        close(&mut child);
        let output = block_in_place(|| child.wait_with_output()).unwrap();
        (output.status.code(), output.stdout)
    };
    assert_eq!(silent(|child| drop(child.stdout.take())), (Some(0), Vec::new()));
    assert_eq!(silent(|child| drop(child.stderr.take())), (Some(0), b"hello".to_vec()));
    let (code, stdout, stderr) = market.run("run echo.wasm --verify local --json -- again");
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["local"], report["result"]);
    assert_eq!(report["answers"].as_array().unwrap().len(), 2);
    let (code, stdout, stderr) = market.run("run echo.wasm --argv0 other --json -- again");
    assert_eq!(code, 0, "{stderr}");
    let other: Value = serde_json::from_str(&stdout).unwrap();
    assert_ne!(other["job"], report["job"], "its name is an argument of a program");

    let id = report["job"].as_str().unwrap();
    let (code, stdout, _) = market.run("job list --json");
    let listed: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, listed["jobs"].as_array().unwrap().len()), (0, 4));
    let (code, stdout, _) = market.run(&format!("job fetch {id}"));
    assert_eq!((code, stdout.as_str()), (0, "again"));
    let (code, stdout, _) = market.run(&format!("job show {id} --json"));
    let shown: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &shown["state"]), (0, &Value::from("agreed")));
    // The first digits of an id name it as well, if no other id begins so.
    let (code, stdout, _) = market.run(&format!("job show {}", &id[..8]));
    assert_eq!(code, 0);
    assert!(stdout.contains(id) && stdout.contains("MiB"), "{stdout}");
    for subject in [id, &id[..8]] {
        let (code, _, stderr) = market.run(&format!("job verify {subject}"));
        assert_eq!(code, 0, "{stderr}");
    }
    let (code, _, stderr) = market.run(&format!("job cancel {}", "0".repeat(64)));
    assert_eq!(code, 1, "{stderr}");
    let (code, _, stderr) = market.run("job cancel 00000000");
    assert_eq!(code, 1, "{stderr}");
    assert!(
        stderr.contains("no job of this state file has an id that begins with 00000000"),
        "{stderr}"
    );
    let (code, _, stderr) = market.run("job cancel abc");
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("4 to 64 hexadecimal digits"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_workers_have_no_result_is_the_last_word_and_is_kept() {
    let market = JobMarket::start("run-spin", &["ada", "bob"]).await;
    for name in ["echo", "spin"] {
        compile(market.folder(), name);
    }
    let (code, _, stderr) = market.run("run spin.wasm --time 1 --budget 1eth --yes");
    let last = stderr.lines().last().unwrap();
    assert!(last.starts_with("error: no worker has a result of job "), "{last}");
    assert!(last.contains("out of time"), "{last}");
    assert_eq!(code, 125);
    let (_, stdout, _) = market.run("job list --json");
    let listed: Value = serde_json::from_str(&stdout).unwrap();
    let id = listed["jobs"][0]["job"].as_str().unwrap();
    let (_, stdout, _) = market.run(&format!("job show {id} --json"));
    let shown: Value = serde_json::from_str(&stdout).unwrap();
    for answer in shown["answers"].as_array().unwrap() {
        assert!(answer["failure"].as_str().unwrap().contains("out of time"), "{shown}");
    }
    assert_eq!(shown["stdin"], Value::Null);
    // An agreement of two workers is not enough for three, and no third is for sale.
    let (code, _, stderr) = market.run("run echo.wasm --replicas 3 --budget 1eth --yes");
    assert_eq!((code, market.agreements()), (125, 1), "{stderr}");
    assert!(stderr.contains("it has 2 workers, and 3 are asked for"), "{stderr}");
    assert!(stderr.contains("3 workers are wanted, and 0 are for sale"), "{stderr}");
    // A dash is the command's own standard input.
    let mut command = market.client("run echo.wasm --stdin - -- piped");
    command.stdin(Stdio::from(File::open(market.folder().file("spin.wasm")).unwrap()));
    assert!(block_in_place(|| command.output()).unwrap().status.success());
    let (_, stdout, _) = market.run("job list --json");
    let listed: Value = serde_json::from_str(&stdout).unwrap();
    let jobs = listed["jobs"].as_array().unwrap().iter();
    let piped = jobs.map(|job| job["job"].as_str().unwrap()).find(|job| *job != id).unwrap();
    let (_, stdout, _) = market.run(&format!("job show {piped} --json"));
    let shown: Value = serde_json::from_str(&stdout).unwrap();
    let spin = fs::read(market.folder().file("spin.wasm")).unwrap();
    assert_eq!(shown["stdin"], Digest::of(&spin).to_string(), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_worker_runs_and_what_cannot_be_written_is_refused() {
    let market = JobMarket::start("run-refused", &["ada"]).await;
    for name in ["socket", "copy"] {
        compile(market.folder(), name);
    }
    let (code, stdout, stderr) = market.run("run socket.wasm --budget 1eth --yes");
    assert_eq!((code, stdout.as_str(), market.agreements()), (125, "", 0), "{stderr}");
    assert!(stderr.contains("env.socket"), "{stderr}");
    write_component(market.folder());
    let (code, _, stderr) = market.run("run api.wasm --budget 1eth --yes");
    assert_eq!((code, market.agreements()), (125, 0), "{stderr}");
    assert!(stderr.contains("`muster service up` hosts components"), "{stderr}");
    let (code, _, stderr) = market.run("run copy.wasm --time 2d --budget 1eth --yes");
    assert_eq!(code, 125, "{stderr}");
    assert!(stderr.contains("must be between 1 and 86400000 milliseconds"), "{stderr}");
    fs::write(market.folder().file("data"), "data").unwrap();
    let run = "run copy.wasm --replicas 1 --budget 1eth --yes --in data";
    let (code, _, stderr) = market.run(&format!("{run} --out data/below -- /in/data /out/below"));
    assert_eq!(code, 125, "{stderr}");
    assert!(stderr.contains("cannot write"), "{stderr}");
    let (code, _, stderr) = market.run(&format!("{run} --out new/copied -- /in/data /out/copied"));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(fs::read_to_string(market.folder().file("new/copied")).unwrap(), "data");
    let (code, _, stderr) = market.run(&format!("{run} --out none -- /in/data /out/copied"));
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.ends_with("nothing at /out/none, so none was not written\n"), "{stderr}");
    let run_elsewhere = "run copy.wasm --in data:/deep/data --out new/moved:/deep/copied";
    let (code, _, stderr) = market.run(&format!("{run_elsewhere} -- /deep/data /deep/copied"));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(fs::read_to_string(market.folder().file("new/moved")).unwrap(), "data");
    let (code, _, stderr) = market.run(&format!("{run} -- /in/none /out/copied"));
    assert_eq!(code, 134, "a trap: {stderr}");
    let why = stderr.lines().last().unwrap().strip_prefix("error: the program failed: trap: ");
    assert!(why.unwrap().contains("unreachable"), "{stderr}");
    // What the worker said is known when the command is repeated, too.
    let (code, stdout, _) = market.run(&format!("{run} --json -- /in/none /out/copied"));
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["outcome"]), (134, &"trap".into()));
    assert!(report["trap"].as_str().unwrap().contains("unreachable"), "{report}");
    let (_, stdout, _) =
        market.run(&format!("job show {} --json", report["job"].as_str().unwrap()));
    let shown: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(shown["answers"][0]["trap"], report["trap"], "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_asked_before_they_are_bought() {
    let mut market = JobMarket::start("run-limits", &[]).await;
    market.add_worker("bob", 1, "--compute --job-memory 512").await;
    market.add_worker("ada", 2, "--compute").await;
    let metrics = market.health.replace("/health", "/metrics");
    market.add_worker("mallory", 3, "--compute").await;
    market.kill_worker("mallory");
    compile(market.folder(), "echo");
    let run = "run echo.wasm --testers 0 --budget 1eth --yes --memory 600";
    // Nobody listens at port 9.
    let unreachable = format!("{run} --account dev:cleo --relay ws://127.0.0.1:9");
    let refused = market.folder().run(&unreachable).stderr;
    assert!(refused.contains("no relay can be reached at ws://127.0.0.1:9"), "{refused}");
    let (code, _, stderr) = market.run(&format!("{run} --replicas 2"));
    assert_eq!((code, market.agreements()), (125, 0), "{stderr}");
    for said in
        ["600 MiB", "worker 1 takes 512 MiB", "worker 2 takes 1024 MiB", "worker 3 does not answer"]
    {
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
    let (code, _, stderr) = market.run(run);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("only one worker takes this"), "{stderr}");
    let agreements = market.folder().json("agreement list");
    let agreement = agreements["agreements"][0]["agreement"].as_str().unwrap();
    let shown = market.folder().json(&format!("agreement show {agreement}"));
    let ada = market.folder().json("credit dev:ada")["account"].clone();
    assert_eq!(shown["workers"].as_array().unwrap().len(), 1);
    assert_eq!(shown["workers"][0]["account"], ada);

    let metrics = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    for counted in ["posted_total 1", "ended_total{outcome=\"done\"} 1"] {
        let line = format!("muster_worker_jobs_{counted}");
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lies_is_named_and_anybody_can_check_the_evidence() {
    let mut market = JobMarket::start("run-liar", &["ada", "bob"]).await;
    let cheat = format!(
        "#!/bin/sh\nexec {} example cheat --account dev:mallory --rpc {} \
         --listen 127.0.0.1:$PORT --agreement $MUSTER_AGREEMENT\n",
        crate::harness::MUSTER,
        market.market.chain.url(),
    );
    fs::write(market.folder().file("cheat"), cheat).unwrap();
    fs::set_permissions(market.folder().file("cheat"), fs::Permissions::from_mode(0o755)).unwrap();
    market.add_worker("mallory", 3, "--application wasm1 --exec ./cheat").await;
    compile(market.folder(), "echo");
    let order = "--application wasm1 --redundancy 3 --length 1200 --testers 0 --windows 1";
    let bought = market.folder().json(&format!("client buy --account dev:cleo {order}"));
    assert!(bought["agreement"].is_string());
    let mallory = market.folder().json("credit dev:mallory")["account"].clone();
    // Two of three are asked at random.
    let mut evidence = None;
    for number in 0.. {
        let (code, stdout, stderr) = market.run(&format!("run echo.wasm --json -- {number}"));
        assert_eq!(code, 0, "{stderr}");
        let report: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(report["outcome"], "exit 0");
        if let Some(path) = report["evidence"].as_str() {
            assert!(stderr.contains(&format!("{} signed another", mallory.as_str().unwrap())));
            evidence = Some(path.to_owned());
            break;
        }
    }
    let evidence = evidence.unwrap();
    let verified = market.folder().json(&format!("job verify {evidence}"));
    let signed = verified["signed"].as_array().unwrap();
    let wrong: Vec<_> = signed.iter().filter(|row| row["wrong"] == true).collect();
    assert_eq!(wrong.iter().map(|row| &row["worker"]).collect::<Vec<_>>(), [&mallory]);

    // Elsewhere, the program is needed to see who is right. A forged file is no evidence.
    let text = fs::read_to_string(market.folder().file(&evidence)).unwrap();
    fs::write(market.folder().file("copy.json"), &text).unwrap();
    let refused = market.folder().refused("job verify copy.json");
    assert!(refused.contains("--with"), "{refused}");
    market.folder().json("job verify copy.json --with echo.wasm");
    let [empty, other] = [b"".as_slice(), b"other"].map(|bytes| Digest::of(bytes).to_string());
    let forged = text.replacen(&empty, &other, 1);
    assert_ne!(forged, text);
    fs::write(market.folder().file("copy.json"), forged).unwrap();
    let refused = market.folder().refused("job verify copy.json --with echo.wasm");
    assert!(refused.contains("is no evidence"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_run_for_each_of_many_files() {
    let market = JobMarket::start("run-map", &["ada", "bob"]).await;
    compile(market.folder(), "copy");
    let names: Vec<_> = (0..12).map(|number| format!("file{number}.txt")).collect();
    for name in &names {
        fs::write(market.folder().file(name), format!("content of {name}")).unwrap();
    }
    let map = format!("map copy.wasm --out copies --each {}", names.join(" "));
    let (code, _, stderr) = market.run(&format!("{map} --budget 1eth --yes -- {{in}} {{out}}"));
    assert_eq!(code, 0, "{stderr}");
    for name in &names {
        assert!(stderr.contains(&format!("{name}, standard error:\ncopied\n")), "{stderr}");
        let copied = fs::read_to_string(market.folder().file(&format!("copies/{name}"))).unwrap();
        assert_eq!(copied, format!("content of {name}"));
    }
    let (code, stdout, stderr) = market.run(&format!("{map} --json -- {{in}} /out/elsewhere"));
    assert_eq!(code, 1, "{stderr}");
    let table: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(table["jobs"].as_array().unwrap().len(), names.len());
    let nothing = "the program left nothing at /out/file0.txt";
    assert!(table["jobs"][0]["failure"].as_str().unwrap().starts_with(nothing), "{table}");
    let (code, _, stderr) = market.run(&format!("{map} -- {{in}}x {{out}}"));
    assert_eq!(code, 1, "every program traps: {stderr}");
    let start = "error: the program failed for 12 of 12 files, the first one file0.txt: trap: ";
    let why = stderr.lines().last().unwrap().strip_prefix(start);
    assert!(why.unwrap().contains("unreachable"), "{stderr}");
    let (code, stdout, _) = market.run(&format!("{map} -- {{in}}x {{out}}"));
    assert_eq!((code, stdout.matches("unreachable").count()), (1, names.len()), "{stdout}");
    let (code, stdout, _) = market.run(&format!("{map} --json -- {{in}}x {{out}}"));
    let table: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(code, 1);
    for job in table["jobs"].as_array().unwrap() {
        assert!(job["trap"].as_str().unwrap().contains("unreachable"), "{job}");
    }
    assert_eq!(market.agreements(), 1);
    let (code, _, stderr) = market.run("map copy.wasm --out copies --each file0.txt ./file0.txt");
    assert_eq!(code, 125);
    assert!(stderr.contains("two files are called file0.txt"), "{stderr}");
}

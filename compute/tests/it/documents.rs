//! Job documents: one text for each job, and every wrong one refused for its reason.

use muster_compute::{Digest, Job, JobDocument, JobError, JobPath, Limits, PathError};
use proptest::prelude::*;

const MODULE: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A document with some fields beside profile and module.
fn parse(fields: &str) -> Result<Job, JobError> {
    Job::parse(format!(r#"{{"profile":"wasm1","module":"{MODULE}"{fields}}}"#).as_bytes())
}

#[test]
fn canonical_form_and_id_are_these() {
    let job = parse(
        r#", "stdin": null, "arguments": ["prog", "a\tb\u0001\"é/"], "limits": {"time": 5},
        "environment": [{"value": "2", "name": "B"}, {"name": "A", "value": ""}],
        "inputs": [{"path": "/in/b", "blob": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
            {"path": "/in-a", "blob": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}],
        "outputs": ["/out/", "/log"]"#,
    )
    .unwrap();
    let expected = format!(
        concat!(
            r#"{{"arguments":["prog","a\tb\u0001\"é/"],"environment":[{{"name":"A","value":""}},{{"name":"B","value":"2"}}],"#,
            r#""inputs":[{{"blob":"{0}","path":"/in-a"}},{{"blob":"{0}","path":"/in/b"}}],"#,
            r#""limits":{{"memory":1073741824,"storage":268435456,"time":5}},"module":"{0}","#,
            r#""outputs":["/log","/out/"],"profile":"wasm1","stdin":null}}"#
        ),
        MODULE
    );
    assert_eq!(std::str::from_utf8(job.canonical()).unwrap(), expected);
    assert_eq!(job.id(), Digest::of(expected.as_bytes()));
    assert_eq!(Job::parse(job.canonical()).unwrap(), job);
}

#[test]
fn defaults_are_the_document_without_them() {
    let module = MODULE.parse().unwrap();
    assert_eq!(parse("").unwrap(), Job::new(JobDocument::new(module)).unwrap());
}

#[test]
fn what_is_no_document_is_refused() {
    for fields in [
        r#","unknown":1"#,
        r#","arguments":[],"arguments":[]"#,
        r#","limits":{"memory":-1}"#,
        r#","limits":{"fuel":1}"#,
        r#","inputs":[{"path":"/a"}]"#,
        r#","stdin":"abc""#,
        r#","arguments":["\ud800"]"#,
        r#","outputs":["a"]"#,
        ",",
    ] {
        assert!(matches!(parse(fields), Err(JobError::Syntax(_))), "{fields}");
    }
    let other = format!(r#"{{"profile":"wasm2","module":"{MODULE}"}}"#);
    assert!(matches!(Job::parse(other.as_bytes()), Err(JobError::Syntax(_))));
    assert!(matches!(Job::parse(b""), Err(JobError::Syntax(_))));
}

#[test]
fn bad_path_is_refused_with_its_reason() {
    for (path, reason) in [
        ("/a/../b", PathError::Dots),
        ("in/a", PathError::Relative),
        ("/a//b", PathError::EmptyName),
        ("/a\\u0000b", PathError::ControlCharacter),
        ("/a\\nb", PathError::ControlCharacter),
        (&format!("/{}", "n".repeat(4096)), PathError::LongName),
    ] {
        let error = parse(&format!(r#","outputs":["{path}"]"#)).unwrap_err().to_string();
        assert!(error.contains(&reason.to_string()), "{path}: {error}");
    }
}

#[test]
fn lists_that_are_too_long_are_refused() {
    let list = |count| format!(r#","arguments":[{}]"#, vec![r#""a""#; count].join(","));
    assert!(parse(&list(4096)).is_ok());
    assert!(matches!(
        parse(&list(4097)),
        Err(JobError::TooMany { list: "arguments", count: 4097 })
    ));
    let huge = format!(r#","arguments":["{}"]"#, "a".repeat(1 << 20));
    assert!(matches!(parse(&huge), Err(JobError::DocumentTooLarge)));
    // Escapes make the canonical form longer than the text.
    let mut document = JobDocument::new(Digest::of(b""));
    document.arguments = vec!["\u{1}".repeat(200_000)];
    assert!(matches!(Job::new(document), Err(JobError::DocumentTooLarge)));
}

#[test]
fn nul_and_bad_variables_are_refused() {
    assert!(matches!(
        parse(r#","arguments":["a\u0000"]"#),
        Err(JobError::Nul { list: "arguments" })
    ));
    let variable = |name: &str, value: &str| {
        parse(&format!(r#","environment":[{{"name":"{name}","value":"{value}"}}]"#))
    };
    assert!(variable("A", "").is_ok());
    assert!(matches!(variable("A", "\\u0000"), Err(JobError::Nul { list: "environment" })));
    assert!(matches!(variable("A\\u0000", ""), Err(JobError::Nul { list: "environment" })));
    assert!(matches!(variable("", "a"), Err(JobError::VariableName(name)) if name.is_empty()));
    assert!(matches!(variable("A=B", "a"), Err(JobError::VariableName(_))));
    let twice = parse(r#","environment":[{"name":"A","value":"1"},{"name":"A","value":"2"}]"#);
    assert!(matches!(twice, Err(JobError::VariableTwice(name)) if name == "A"));
}

#[test]
fn paths_that_cannot_be_together_are_refused() {
    let input = |path: &str| format!(r#"{{"path":"{path}","blob":"{MODULE}"}}"#);
    let inputs = |paths: &[&str]| {
        let list: Vec<String> = paths.iter().map(|path| input(path)).collect();
        parse(&format!(r#","inputs":[{}]"#, list.join(",")))
    };
    assert!(inputs(&["/a", "/a-b", "/ab/c"]).is_ok());
    assert!(matches!(inputs(&["/a", "/a"]), Err(JobError::Overlap { list: "inputs", .. })));
    // `/a-b` lies between the two.
    assert!(matches!(inputs(&["/a/b", "/a-b", "/a"]), Err(JobError::Overlap { inner, outer, .. })
        if inner.as_str() == "/a/b" && outer.as_str() == "/a"));
    assert!(matches!(
        parse(r#","outputs":["/o","/o/"]"#),
        Err(JobError::Overlap { list: "outputs", .. })
    ));
    let both = |path: &str, output: &str| {
        parse(&format!(r#","inputs":[{}],"outputs":["{output}"]"#, input(path)))
    };
    assert!(both("/a", "/a").is_ok() && both("/a/b", "/a/").is_ok());
    assert!(matches!(both("/a", "/a/"), Err(JobError::OutputInFile { .. })));
    assert!(
        matches!(both("/a", "/a/b"), Err(JobError::OutputInFile { input, .. }) if input.as_str() == "/a")
    );
}

#[test]
fn limits_are_within_the_profile() {
    for (name, max) in
        [("memory", 4_294_967_296_u64), ("storage", 4_294_967_296), ("time", 86_400_000)]
    {
        let limit = |value: u64| parse(&format!(r#","limits":{{"{name}":{value}}}"#));
        assert!(limit(1).is_ok() && limit(max).is_ok());
        for bad in [0, max + 1] {
            assert!(
                matches!(limit(bad), Err(JobError::Limit { name: n, value, max: m, .. }) if n == name && value == bad && m == max)
            );
        }
    }
}

prop_compose! {
    fn document()(
        arguments in prop::collection::vec("[^\0]{0,9}", 0..5),
        variables in prop::collection::btree_map("[^=\0]{1,5}", "[^\0]{0,5}", 0..4),
        names in prop::collection::btree_set("[a-c]{1,2}", 0..5),
        memory in 1..1_u64 << 32,
    ) -> JobDocument {
        let mut document = JobDocument::new(Digest::of(b"m"));
        document.arguments = arguments;
        document.environment = variables.into_iter()
            .map(|(name, value)| muster_compute::Variable { name, value }).collect();
        document.inputs = names.iter().map(|name| muster_compute::Input {
            blob: Digest::of(name.as_bytes()),
            path: JobPath::new(format!("/{name}")).unwrap(),
        }).collect();
        document.limits = Limits { memory, ..Limits::default() };
        document
    }
}

proptest! {
    #[test]
    fn order_of_lists_does_not_change_a_job(document in document(), seed in any::<prop::sample::Index>()) {
        let job = Job::new(document.clone()).unwrap();
        let mut other = document;
        let turn = |len: usize| if len == 0 { 0 } else { seed.index(len) };
        let (inputs, variables) = (turn(other.inputs.len()), turn(other.environment.len()));
        other.inputs.rotate_left(inputs);
        other.environment.rotate_left(variables);
        prop_assert_eq!(&Job::new(other).unwrap(), &job);
        prop_assert_eq!(&Job::parse(job.canonical()).unwrap(), &job);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        drop(Job::parse(text.as_bytes()));
    }
}

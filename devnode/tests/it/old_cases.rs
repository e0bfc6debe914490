//! The cases of ArbOS 51 on ArbOS 60: they differ as they do on Nitro, and in nothing else.

use std::{fs, path::Path};

use serde_json::Value;
use stylus_devnode::{ArbosVersion, Config};

use crate::{
    compare::difference,
    replay::{ExecutedStep, execute, pick},
    support::Chain,
};

/// How Nitro's answers differ, by topic and case.
const CHANGES: &str = include_str!("../vectors60/of-51-cases.json");

/// Length of the text of one word.
const WORD: usize = 66;

/// Mark of the left-out part of a long text.
const ELLIPSIS: char = '…';

/// Where and how a step differs on Nitro: its number, and what came back there.
struct Change<'a> {
    /// Number of the step, from one.
    step: usize,
    /// Path of the value.
    path: &'a str,
    /// The value, as the recorder wrote it.
    got: &'a str,
}

impl<'a> Change<'a> {
    /// Parses a recorded change.
    fn parse(change: &'a Value) -> Self {
        let text = change[2].as_str().unwrap();
        let (path, rest) = text.split_once(": want ").unwrap();
        let (_, got) = rest.rsplit_once(", got ").unwrap();
        let step = change[0].as_u64().unwrap().try_into().unwrap();
        Self { step, path, got }
    }

    /// Whether a step came back as recorded.
    fn fits(&self, step: &ExecutedStep) -> bool {
        if step.difference.is_none() {
            return false;
        }
        if let Ok(Value::Object(mut whole)) = serde_json::from_str(self.got) {
            // Where an error was expected, a data fee is not masked; it depends on the time.
            if let Some(Value::String(result)) = whole.get_mut("result")
                && result.len() > WORD
            {
                result.replace_range(WORD.., "*");
            }
            return difference(&whole.into(), &step.got, "").is_none();
        }
        let path = self.path.replace('[', ".").replace(']', "");
        let (want, got) = (text(&pick(&step.want, &path)), text(&pick(&step.got, &path)));
        let recorded = match self.path.rsplit_once('.') {
            Some((_, "gasUsed")) => decimal_to_hex(self.got),
            _ => self.got.to_owned(),
        };
        fits(&want, &recorded, &got)
    }
}

/// The text of a value.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The number before a remark in parentheses, in hexadecimal.
fn decimal_to_hex(text: &str) -> String {
    let number: u64 = text.split(' ').next().unwrap().parse().unwrap();
    format!("{number:#x}")
}

/// Whether a text is as recorded. What the expectation masks with `?`, and what the recorder left
/// out, does not count.
fn fits(want: &str, recorded: &str, got: &str) -> bool {
    let (want, got) = (want.as_bytes(), got.as_bytes());
    let masked = |at: usize| want.len() == got.len() && want[at] == b'?';
    let same = |at: usize, byte: u8| masked(at) || got[at].eq_ignore_ascii_case(&byte);
    let mut parts = recorded.split(ELLIPSIS);
    let (head, tail) = (parts.next().unwrap().as_bytes(), parts.nth(1));
    let tail = tail.unwrap_or_default().as_bytes();
    let whole = !recorded.contains(ELLIPSIS);
    if got.len() < head.len() + tail.len() || whole && got.len() != head.len() {
        return false;
    }
    let start = got.len() - tail.len();
    let mut pairs =
        head.iter().enumerate().chain(tail.iter().enumerate().map(|(i, b)| (start + i, b)));
    pairs.all(|(at, &byte)| same(at, byte))
}

/// What is unexpected about a case on ArbOS 60.
fn unexpected(executed: &[ExecutedStep], changes: &[Change<'_>]) -> Option<String> {
    executed.iter().enumerate().find_map(|(index, step)| {
        let change = changes.iter().find(|change| change.step == index + 1);
        let told = |what: &str| Some(format!("{}: {what}", step.what));
        match (change, &step.difference) {
            (Some(change), _) if change.fits(step) => None,
            (Some(change), found) => {
                told(&format!("want {} = {}, got {found:?}", change.path, change.got))
            }
            (None, Some(difference)) => told(difference),
            (None, None) => None,
        }
    })
}

#[tokio::test]
async fn cases_of_51_differ_on_60_as_on_nitro() {
    let changes: Value = serde_json::from_str(CHANGES).unwrap();
    let changes = changes["cases"].as_array().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let (mut found, mut cases) = (Vec::new(), 0);
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let vectors: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let config = Config { arbos: ArbosVersion::V60, ..Config::any_port() };
        let chain = Chain::with(config).await;
        for case in vectors["cases"].as_array().unwrap() {
            let of_case = |change: &&Value| {
                change["topic"] == vectors["topic"] && change["case"] == case["name"]
            };
            let recorded = &changes.iter().find(of_case).unwrap()["differences"];
            let changes: Vec<_> = recorded.as_array().unwrap().iter().map(Change::parse).collect();
            if let Some(text) = unexpected(&execute(&chain, case).await, &changes) {
                found.push(format!("{}/{}: {text}", vectors["topic"], case["name"]));
            }
            cases += 1;
        }
    }
    assert!(found.is_empty(), "{} cases:\n{}", found.len(), found.join("\n"));
    assert_eq!(cases, changes.len(), "cases replayed");
}

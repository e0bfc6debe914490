//! What requests about jobs say.

use std::collections::BTreeMap;

use alloy::primitives::Address;
use muster_compute::{Digest, Input, Job, JobDocument, JobPath, Limits, Output, Variable};
use muster_daemons::client::fill_arguments;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::failure::Failure;
use crate::wei::Wei;

/// What a program is called without a name.
fn program() -> String {
    "program".to_owned()
}

/// A file that the program finds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileBody {
    /// Where it lies, such as `/in/a.txt`.
    #[schema(value_type = String)]
    path: JobPath,
    /// Its content.
    #[schema(value_type = String)]
    blob: Digest,
}

/// What a program may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitsBody {
    /// Bytes of linear memory; without it, 1 GiB.
    memory: Option<u64>,
    /// Bytes that it writes; without it, 256 MiB.
    storage: Option<u64>,
    /// Milliseconds of processor time; without it, 60,000.
    time: Option<u64>,
}

/// What may be bought if no agreement of the account can be used.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunPurchaseBody {
    /// The most that it may cost. The token's limit holds as well.
    pub(crate) at_most: Wei,
    /// The length in ticks; without it, the market's shortest.
    #[serde(default)]
    pub(crate) length: Option<u32>,
    /// The testers of each window; without them, the market's.
    #[serde(default)]
    pub(crate) testers: Option<u8>,
    /// The workers, among which several runs are divided; without them, as many as `replicas`.
    #[serde(default)]
    pub(crate) workers: Option<u8>,
}

/// A program, what it gets, and who runs it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunBody {
    /// The blob of the WebAssembly module: a command of WASI preview 1.
    #[schema(value_type = String)]
    pub(crate) program: Digest,
    /// Its name: the first argument, and what people call the run.
    #[serde(default = "program")]
    #[schema(default = "program")]
    pub(crate) name: String,
    /// The arguments after the name.
    #[serde(default)]
    arguments: Vec<String>,
    /// Environment variables; there are no others.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// The blob that it reads from standard input.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    stdin: Option<Digest>,
    /// Files that it finds.
    #[serde(default)]
    files: Vec<FileBody>,
    /// Files that it leaves; the path of a folder ends with a slash.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    outputs: Vec<String>,
    /// What it may use.
    #[serde(default)]
    limits: LimitsBody,
    /// How many workers must sign the same result, 1 to 8; without it 2, or 1 in an agreement with one worker.
    #[serde(default)]
    pub(crate) replicas: Option<u8>,
    /// The agreement; without it, the running one that ends last and has enough workers.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) agreement: Option<Address>,
    /// What may be bought if there is none; without it, nothing is.
    #[serde(default)]
    pub(crate) purchase: Option<RunPurchaseBody>,
}

/// An input of one of several runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MapInput {
    /// The name of its file, and of the output. Names differ.
    pub(crate) name: String,
    /// Its content.
    #[schema(value_type = String)]
    blob: Digest,
}

/// A program that is run once for each input.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MapBody {
    /// The program. In its arguments, `{in}` and `{out}` are the paths of the input, `/in/NAME`, and of the output, `/out/NAME`.
    pub(crate) run: RunBody,
    /// The inputs.
    pub(crate) inputs: Vec<MapInput>,
}

impl RunBody {
    /// What the program may use.
    pub(crate) fn limits(&self) -> Limits {
        let (LimitsBody { memory, storage, time }, usual) = (self.limits, Limits::default());
        Limits {
            memory: memory.unwrap_or(usual.memory),
            storage: storage.unwrap_or(usual.storage),
            time: time.unwrap_or(usual.time),
        }
    }

    /// The job, with one more input if it is one of several.
    ///
    /// # Errors
    /// Those of [`Failure::bad_request`].
    pub(crate) fn job(&self, input: Option<&MapInput>) -> Result<Job, Failure> {
        let mut document = JobDocument::new(self.program);
        document.limits = self.limits();
        document.stdin = self.stdin;
        let variable = |(name, value): (&String, &String)| Variable {
            name: name.clone(),
            value: value.clone(),
        };
        document.environment = self.environment.iter().map(variable).collect();
        let file = |file: &FileBody| Input { path: file.path.clone(), blob: file.blob };
        document.inputs = self.files.iter().map(file).collect();
        let mut outputs = self.outputs.clone();
        document.arguments = vec![self.name.clone()];
        if let Some(MapInput { name, blob }) = input {
            let (inside, output) = (format!("/in/{name}"), format!("/out/{name}"));
            document.arguments.extend(fill_arguments(&self.arguments, &inside, &output));
            let path = JobPath::new(inside).map_err(Failure::bad_request)?;
            document.inputs.push(Input { path, blob: *blob });
            outputs.push(output);
        } else {
            document.arguments.extend_from_slice(&self.arguments);
        }
        let outputs = outputs.iter().map(|path| Output::new(path)).collect::<Result<_, _>>();
        document.outputs = outputs.map_err(Failure::bad_request)?;
        Job::new(document).map_err(Failure::bad_request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::ErrorCode;

    /// A body with these fields besides the program.
    fn body(fields: &str) -> Result<RunBody, serde_json::Error> {
        let program = Digest::of(b"program");
        serde_json::from_str(&format!(r#"{{"program": "{program}"{fields}}}"#))
    }

    #[test]
    fn a_run_is_the_job_of_the_command_line() {
        let run =
            body(r#", "name": "a.wasm", "arguments": ["x"], "outputs": ["/out/b/"]"#).unwrap();
        let mut document = JobDocument::new(Digest::of(b"program"));
        document.arguments = vec!["a.wasm".to_owned(), "x".to_owned()];
        document.outputs = vec![Output::new("/out/b/").unwrap()];
        assert_eq!(run.job(None).unwrap().id(), Job::new(document).unwrap().id());
        assert_eq!(body("").unwrap().limits(), Limits::default());
        let small = body(r#", "limits": {"time": 7}"#).unwrap().limits();
        assert_eq!(small, Limits { time: 7, ..Limits::default() });
        assert!(body(r#", "stdout": 1"#).is_err());
        let outside = body(r#", "outputs": ["/../x"]"#).unwrap().job(None).unwrap_err();
        assert_eq!(outside.code(), ErrorCode::BadRequest);
    }

    #[test]
    fn each_input_of_a_map_has_its_own_job() {
        let run = body(r#", "arguments": ["{in}", "-o{out}"]"#).unwrap();
        let input = |name: &str| MapInput { name: name.to_owned(), blob: Digest::of(b"x") };
        let job = run.job(Some(&input("a.jpg"))).unwrap();
        assert_eq!(job.document().arguments, ["program", "/in/a.jpg", "-o/out/a.jpg"]);
        assert_eq!(job.document().inputs.first().unwrap().path.as_str(), "/in/a.jpg");
        assert_eq!(job.document().outputs, [Output::new("/out/a.jpg").unwrap()]);
        for name in ["..", ""] {
            assert!(run.job(Some(&input(name))).is_err(), "{name:?}");
        }
    }
}

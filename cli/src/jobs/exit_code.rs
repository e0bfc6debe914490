//! The exit codes of commands that run programs. They are those of `docker run`, `env` and shells.

use muster_compute::Outcome;

/// The program trapped, as a shell reports a program that was ended by SIGABRT.
const TRAPPED: u8 = 134;

/// The exit code for how a program ended.
pub(crate) fn exit_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Exit(0) => 0,
        Outcome::Exit(code) => match u8::try_from(code & 0xff) {
            Ok(0) | Err(_) => 1,
            Ok(low) => low,
        },
        Outcome::Trap => TRAPPED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_failed_does_not_look_like_one_that_succeeded() {
        let codes = [0, 1, 7, 255, 256, 257, u32::MAX].map(|code| exit_code(Outcome::Exit(code)));
        assert_eq!(codes, [0, 1, 7, 255, 1, 1, 255]);
        assert_eq!(exit_code(Outcome::Trap), 134);
    }
}

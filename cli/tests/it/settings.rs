//! Settings and where they come from, keystores, manual pages and completions.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::TestFolder;

/// What `muster config` prints.
fn config(mut command: Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The value of a setting and where it comes from.
fn setting<'a>(config: &'a Value, name: &str) -> (&'a str, &'a str) {
    let rows = config["settings"].as_array().unwrap();
    let row = rows.iter().find(|row| row["setting"] == name).unwrap();
    (row["value"].as_str().unwrap(), row["origin"].as_str().unwrap())
}

#[test]
fn precedence_is_flag_environment_folder_user_default() {
    let folder = TestFolder::new("settings-order", "http://environment.example");
    let write = |name: &str, text: &str| {
        let path = folder.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let command = |args: &str| {
        let mut command = folder.command(&format!("{args} --json"));
        command.env("XDG_CONFIG_HOME", folder.file("user"));
        command
    };
    let nothing = config(command("config"));
    assert_eq!(setting(&nothing, "relay"), ("ws://127.0.0.1:7447", "default"));
    assert_eq!(nothing["files"][0]["exists"], false);

    let user = "rpc = 'http://user.example'\nrelay = 'wss://user.example'\nstate-folder = '/user'\n\
        password-file = 'password'\naccount = 'dev:ursula'\n";
    write("user/muster/config.toml", user);
    let asked = config(command("config"));
    let path = folder.file("user/muster/config.toml").display().to_string();
    assert_eq!(setting(&asked, "rpc"), ("http://environment.example", "environment"));
    assert_eq!(setting(&asked, "relay"), ("wss://user.example", path.as_str()));
    let password = folder.file("user/muster/password").display().to_string();
    assert_eq!(setting(&asked, "password-file"), (password.as_str(), path.as_str()));

    let here = "rpc = 'http://here.example'\nrelay = ['wss://one.example', 'wss://two.example']\n\
        keystore = 'key.json'\n";
    write(".muster/config.toml", here);
    let asked = config(command("config"));
    let path = ".muster/config.toml";
    assert_eq!(setting(&asked, "relay"), ("wss://one.example,wss://two.example", path));
    assert_eq!(setting(&asked, "state-folder").0, "/user");
    assert_eq!(setting(&asked, "keystore"), (".muster/key.json", path));
    let rows = asked["settings"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["setting"] != "account"), "the keystore came first");

    let asked = config(command("config --proxy socks5h://me:secret@127.0.0.1:9050"));
    assert_eq!(setting(&asked, "proxy"), ("socks5://127.0.0.1:9050", "flag"));

    let mut named = command("config --rpc http://flag.example --rpc http://other.example/key");
    named.env("MUSTER_KEY", "11".repeat(32)).env("MUSTER_PASSWORD", "secret");
    let asked = config(named);
    assert_eq!(setting(&asked, "rpc"), ("http://flag.example,http://other.example/…", "flag"));
    assert_eq!(setting(&asked, "key"), ("(hidden)", "environment"));
    let rows = asked["settings"].as_array().unwrap();
    let lesser = ["keystore", "password-file"].map(Value::from);
    assert!(rows.iter().all(|row| !lesser.contains(&row["setting"])), "{asked}");
    let mut named = command("config --account dev:flora");
    named.env("MUSTER_KEY", "11".repeat(32));
    let asked = config(named);
    assert_eq!(setting(&asked, "account").1, "flag");
    assert!(!asked.to_string().contains("hidden"), "{asked}");
}

#[test]
fn an_invalid_file_of_settings_is_refused_with_its_name() {
    let folder = TestFolder::new("settings-wrong", "");
    fs::create_dir_all(folder.file(".muster")).unwrap();
    for (text, expected) in [
        ("rcp = 'http://here.example'", "unknown field `rcp`"),
        ("key = '0x11'", "unknown field `key`"),
        ("account = 'alice'", "an account's name is `dev` or `dev:`"),
        ("market = 12", "invalid type"),
        ("market = '0x12'", "a contract's address is 0x and 40 hexadecimal digits"),
        ("rpc = 5", "expected a text, or a list of texts"),
    ] {
        fs::write(folder.file(".muster/config.toml"), text).unwrap();
        let line = folder.refused("config");
        assert!(line.starts_with(".muster/config.toml: "), "{line}");
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn keys_are_created_imported_and_shown_and_only_the_owner_can_read_them() {
    let folder = TestFolder::new("keys", "");
    let missing = folder.refused("key new ada.json");
    assert!(missing.starts_with("the keystore needs a password"), "{missing}");
    assert!(!folder.file("ada.json").exists());
    fs::write(folder.file("password"), "secret\n").unwrap();
    let made = folder.json("key new ada.json --password-file password");
    let shown = folder.json("key show --keystore ada.json --password-file password");
    assert_eq!(
        (&shown["account"], &shown["message_key"]),
        (&made["account"], &made["message_key"])
    );
    assert_eq!(fs::metadata(folder.file("ada.json")).unwrap().permissions().mode() & 0o777, 0o600);
    let again = folder.refused("key new ada.json --password-file password");
    assert_eq!(again, "ada.json exists already: name another file");

    let key = "b6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";
    let mut import = folder.command("key import dev.json --password-file password --json");
    let mut process = import.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(format!("{key}\n").as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E"), "{text}");
    assert!(!text.contains(key));
    assert!(!fs::read_to_string(folder.file("dev.json")).unwrap().contains(key));
}

#[test]
fn a_keystore_that_does_not_open_says_why() {
    let folder = TestFolder::new("keystores", "");
    for (name, text) in [("right", "secret"), ("wrong", "other"), ("text.json", "{")] {
        fs::write(folder.file(name), text).unwrap();
    }
    folder.json("key new ada.json --password-file right");
    let whole = fs::read_to_string(folder.file("ada.json")).unwrap();
    fs::write(folder.file("cut.json"), &whole[..whole.len() >> 1]).unwrap();
    fs::write(folder.file("empty.json"), "{}").unwrap();

    let open = |file: &str, password: &str| {
        folder.refused(&format!("key show --keystore {file} --password-file {password}"))
    };
    let wrong = open("ada.json", "wrong");
    assert!(wrong.starts_with("this password does not open the keystore ada.json"), "{wrong}");
    for file in ["cut.json", "empty.json", "text.json"] {
        let line = open(file, "right");
        assert!(line.starts_with(&format!("{file} is no keystore: it must be")), "{line}");
    }
    assert!(open("nowhere.json", "right").starts_with("cannot read nowhere.json: "));
    assert!(open("ada.json", "nowhere").starts_with("cannot read nowhere: "));
    let missing = folder.refused("key show --keystore nowhere.json");
    assert!(missing.starts_with("cannot read nowhere.json: "), "the file first: {missing}");
}

#[test]
fn every_command_has_a_manual_page_and_is_completed() {
    let folder = TestFolder::new("manual", "");
    let written = folder.json("man pages");
    let pages: Vec<_> = fs::read_dir(folder.file("pages")).unwrap().collect();
    assert_eq!(written["pages"], pages.len());
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.run(&format!("completions {shell}"));
        assert_eq!(script.code, 0, "{}", script.stderr);
        for command in ["devnode", "client", "connect", "watch", "completions", "keepalive"] {
            assert!(script.stdout.contains(command), "{shell}: {command}");
        }
    }
    for name in ["muster", "muster-client-connect", "muster-worker-run", "muster-key-new"] {
        let page = fs::read_to_string(folder.file(&format!("pages/{name}.1"))).unwrap();
        assert!(page.contains(".SH DESCRIPTION"), "{name}");
    }
}

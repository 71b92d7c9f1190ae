use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::installation::{Installation, Running, mode};
use crate::support::wheels::WheelFolder;

/// A program of the test's own in a folder that is looked into before all others.
fn program(here: &mut Installation, name: &str, script: &str) {
    let path = here.write(&format!("programs/{name}"), &format!("#!/bin/sh\n{script}\n"));
    crate::support::installation::set_mode(&path, 0o755);
    let folder = here.file("programs");
    here.set("PATH", folder.to_str().unwrap());
}

fn environments(here: &Installation) -> PathBuf {
    here.data().join("connectors/environments")
}

/// Everything below a folder of environments, however it is called.
fn left(here: &Installation) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(environments(here)).into_iter().flatten().flatten() {
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    names
}

fn file_of(here: &Installation, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(here.data().join("connectors/installed").join(name)).unwrap()).unwrap()
}

fn listed(here: &Installation) -> Value {
    serde_json::from_str(&here.run(&["connectors", "list", "--installed", "--json"]).good().out).unwrap()
}

#[test]
fn a_connector_is_installed_listed_upgraded_and_removed() {
    let mut here = Installation::on_sqlite();
    let Some(wheels) = WheelFolder::of(&mut here) else { return };
    wheels.put("airbyte-source-faker", "7.2.5", "");
    let asked = here.run(&["connectors", "install", "faker"]);
    assert!(asked.code == 2 && asked.err.contains("--accept-licence"), "{asked:?}");
    assert!(
        asked.out.contains("ELv2, the Elastic License 2.0") && asked.out.contains("airbyte-source-faker (>=7.2,<8)"),
        "{asked:?}"
    );
    assert!(left(&here).is_empty(), "nothing is installed before somebody agrees");

    let ran = wheels.install(&here, "faker", &["--limit", "memory_mb=2048"]).good();
    assert!(ran.out.contains("source faker 7.2.5: ") && ran.out.contains("A running server takes it in"), "{ran:?}");
    let file = file_of(&here, "source-faker.json");
    let environment = file["runtime"]["environment"].as_str().unwrap().to_owned();
    assert!(environment.starts_with("source-faker/7.2.5-"), "{file}");
    assert_eq!(
        (&file["runtime"]["command"], &file["runtime"]["limits"]),
        (&json!(["source-faker"]), &json!({"memory_mb": 2048}))
    );
    assert_eq!(file["installed"]["licence"], "ELv2");
    let place = environments(&here).join(&environment);
    let lock = std::fs::read_to_string(place.join("requirements.lock")).unwrap();
    assert!(lock.contains("airbyte-source-faker==7.2.5") && lock.contains("--hash=sha256:"), "{lock}");
    assert_eq!(mode(&here.data().join("connectors")), 0o700);
    // Its own first line leads to where it lies now, too.
    let script = std::fs::read_to_string(place.join("bin/source-faker")).unwrap();
    assert!(script.contains(place.to_str().unwrap()) && !script.contains(".building"), "{script}");

    let again = wheels.install(&here, "source-faker", &[]).good();
    assert!(again.out.contains("7.2.5 is installed already"), "{again:?}");
    wheels.put("airbyte-source-faker", "7.3.0", "");
    let upgraded = wheels.upgrade(&here, "faker").good();
    assert!(upgraded.out.contains("was 7.2.5") && upgraded.out.contains("source faker 7.3.0"), "{upgraded:?}");
    assert_eq!(file_of(&here, "source-faker.json")["runtime"]["limits"], json!({"memory_mb": 2048}), "limits stay");
    let list = listed(&here);
    assert_eq!(list["connectors"][0]["version"], "7.3.0");
    assert!(list["connectors"][0]["bytes"].as_u64().unwrap() > 100_000, "{list}");
    assert_eq!(list["other_environments"][0]["environment"], json!(environment), "runs that go on have theirs");
    let words = here.run(&["connectors", "list", "--installed"]).good().out;
    assert!(words.contains("source-faker") && words.contains("no connector uses it now"), "{words}");
    let all = here.run(&["connectors", "list"]).good().out;
    assert!(all.lines().any(|line| line.contains(" faker ") && line.contains("installed")), "{all}");

    let removed = here.run(&["connectors", "remove", "faker"]).good();
    assert!(
        removed.out.contains("source-faker 7.3.0 is removed") && removed.out.contains("MB are free"),
        "{removed:?}"
    );
    assert!(left(&here).is_empty() && listed(&here)["connectors"] == json!([]), "{:?}", left(&here));
    here.run(&["connectors", "remove", "faker"]).ended(1);
}

#[test]
fn what_fails_on_the_way_leaves_nothing_and_says_why() {
    let mut here = Installation::on_sqlite();
    let Some(wheels) = WheelFolder::of(&mut here) else { return };
    let none = wheels.install(&here, "faker", &[]).ended(1);
    assert!(
        none.err.contains("No version of airbyte-source-faker>=7.2,<8 can be installed with Python 3."),
        "{none:?}"
    );
    wheels.put("airbyte-source-faker", "7.2.5", "broken");
    let broken = wheels.install(&here, "faker", &[]).ended(1);
    assert!(broken.err.contains("What came for airbyte-source-faker is broken"), "{broken:?}");
    wheels.put("airbyte-source-faker", "7.2.5", "mute");
    let mute = wheels.install(&here, "faker", &[]).ended(1);
    assert!(mute.err.contains("does not answer the question for its settings"), "{mute:?}");
    assert!(mute.err.contains("it does not know how to begin"), "{mute:?}");
    let hash = "0".repeat(64);
    let lock = here.write("requirements.lock", &format!("airbyte-source-faker==7.2.5 --hash=sha256:{hash}\n"));
    let other = wheels.install(&here, "faker", &["--lock", lock.to_str().unwrap()]).ended(1);
    assert!(other.err.contains("is not the one whose hash is written down"), "{other:?}");
    assert_eq!(left(&here), Vec::<String>::new());
    assert_eq!(listed(&here)["connectors"], json!([]));
}

#[test]
fn what_cannot_be_installed_is_said_before_anything_is_done() {
    let here = Installation::on_sqlite();
    let install = |args: &[&str]| here.run(&[&["connectors", "install"], args].concat());
    install(&["fakre"]).refused(2, "nothing that can be installed is called fakre. Did you mean source-faker");
    install(&["qqqqqqqqqqqq"]).refused(2, "A manifest of your own is given with --manifest");
    install(&["mysql"]).refused(2, "published as a container image only");
    install(&["mysql"]).refused(2, "vestibule connectors import --image airbyte/source-mysql:");
    install(&["faker", "--limit", "memory_mb=1"]).refused(2, "memory_mb must be a whole number from 128");
    install(&["faker", "--limit", "colour=1"]).refused(2, "there is no limit colour");
    let odd = install(&["faker", "--accept-licence", "--version-range", "==1; rm"]).ended(1);
    assert!(odd.err.contains("is no range of versions"), "{odd:?}");
    let private =
        install(&["corner-shop", "--accept-licence", "--manifest", "https://127.0.0.1:2345/manifest.yaml"]).ended(1);
    assert!(private.err.contains("its host is not public") && private.err.contains("--manifest FILE"), "{private:?}");
    let plain =
        install(&["corner-shop", "--accept-licence", "--manifest", "http://example.com/manifest.yaml"]).ended(1);
    assert!(plain.err.contains("could not be fetched"), "{plain:?}");
    assert!(left(&here).is_empty());
}

#[test]
fn which_python_is_missing_is_named() {
    let install = |here: &Installation| here.run(&["connectors", "install", "faker", "--accept-licence"]).ended(1).err;
    let mut here = Installation::on_sqlite();
    here.set("PATH", here.file("nowhere").to_str().unwrap().to_owned().as_str());
    let none = install(&here);
    assert!(
        none.contains("Python 3.10 to 3.12 is needed, and no Python was found") && none.contains("python3.11-venv"),
        "{none}"
    );
    // A tool that manages versions leaves such stand-ins.
    program(&mut here, "python3.12", "exit 127");
    assert!(install(&here).contains("no Python was found"));
    program(&mut here, "python3", "echo 3.6.15; echo venv");
    assert!(install(&here).contains("found was only 3.6.15"));
    program(&mut here, "python3", "echo 3.11.4");
    assert!(install(&here).contains("apt install python3.11-venv"));
    let wrong = here.run(&["connectors", "install", "faker", "--accept-licence", "--python", "python9"]).ended(1);
    assert!(wrong.err.contains("python9 is no program"), "{wrong:?}");
    program(
        &mut here,
        "python3",
        r#"[ "$2" = -c ] && echo 3.11.4 && echo venv && exit; echo "ensurepip is not available"; exit 1"#,
    );
    assert!(install(&here).contains("install its part venv"));
    assert!(left(&here).is_empty());
}

/// A tool that begins and never ends.
fn endless(here: &mut Installation) {
    program(here, "uv", r#"[ "$1" = --version ] && echo "uv 0.0" && exit; exec /bin/sleep 600"#);
}

#[test]
fn two_at_once_are_refused_and_one_that_is_stopped_or_killed_leaves_nothing_that_is_used() {
    let mut here = Installation::on_sqlite();
    endless(&mut here);
    let args = ["connectors", "install", "faker", "--accept-licence"];
    let begin = |here: &Installation| {
        let mut running = Running::begin(&mut here.command(&args));
        running.wait_for_log("Making an environment with uv 0.0");
        running
    };
    let first = begin(&here);
    let second = here.run(&args).ended(1);
    assert!(second.err.contains("Another installation is going on in this data folder (process "), "{second:?}");
    let remove = here.run(&["connectors", "list", "--installed"]).good();
    assert!(remove.out.contains("Nothing is installed"), "{remove:?}");
    let stopped = first.stop();
    assert!(stopped.code == 1 && stopped.err.contains("nothing of what was begun is kept"), "{stopped:?}");
    assert!(left(&here).is_empty() && rooms(&here) == 0, "{:?}", left(&here));

    let killed = begin(&here);
    std::fs::create_dir_all(environments(&here).join(".building-left/bin")).unwrap();
    assert_eq!(killed.stop_with("KILL").signal, Some(9));
    assert!(rooms(&here) > 0 && listed(&here)["connectors"] == json!([]));
    // The lock went with the process, and the next one takes away what is left.
    here.set("PATH", here.file("nowhere").to_str().unwrap().to_owned().as_str());
    let next = here.run(&[&args[..], &["--python", "python9"]].concat()).ended(1);
    assert!(next.err.contains("python9 is no program"), "{next:?}");
    assert!(left(&here).is_empty() && rooms(&here) == 0, "{:?}", left(&here));
}

/// Folders of temporary files that are there.
fn rooms(here: &Installation) -> usize {
    std::fs::read_dir(here.data().join("connectors/.rooms")).map_or(0, Iterator::count)
}

fn manifest(code: bool) -> String {
    let class =
        if code { "  transformations:\n  - class_name: source_declarative_manifest.components.Flat\n" } else { "" };
    format!(
        "type: DeclarativeSource\nversion: 6.0.0\nstreams:\n- name: items\n{class}\
         spec:\n  type: Spec\n  connection_specification:\n    type: object\n    title: Corner Shop Source Spec\n    properties:\n      key: {{type: string, airbyte_secret: true}}\n"
    )
}

#[test]
fn manifests_share_an_environment_and_bring_no_code_unasked() {
    let mut here = Installation::on_sqlite();
    let Some(wheels) = WheelFolder::of(&mut here) else { return };
    wheels.put("airbyte-cdk", "7.40.0", "");
    let plain = here.write("shop.yaml", &manifest(false));
    let with_code = here.write("code.yaml", &manifest(true));
    let plain = ["--manifest", plain.to_str().unwrap()];
    let with_code = ["--manifest", with_code.to_str().unwrap()];
    let refused = wheels.install(&here, "coded", &with_code).ended(1);
    assert!(
        refused.err.contains("source_declarative_manifest.components.Flat")
            && refused.err.contains("--allow-components FILE"),
        "{refused:?}"
    );
    assert!(left(&here).is_empty(), "it is refused before anything is installed");

    let ran = wheels.install(&here, "corner-shop", &plain).good();
    assert!(ran.out.contains("source corner-shop manifest-"), "{ran:?}");
    let file = file_of(&here, "source-corner-shop.json");
    assert_eq!(file["spec"]["properties"]["key"]["airbyte_secret"], true, "the manifest says what is asked: {file}");
    let code = here.write("components.py", "allowed = 1\n");
    let ran = wheels
        .install(&here, "coded", &[&with_code[..], &["--allow-components", code.to_str().unwrap()]].concat())
        .good();
    assert!(ran.out.contains("which was there already and is shared"), "{ran:?}");
    let file = file_of(&here, "source-coded.json");
    assert_eq!((&file["name"], &file["runtime"]["components"]), (&json!("Corner Shop"), &json!("allowed = 1\n")));
    assert_eq!(left(&here), ["airbyte-cdk"]);

    wheels.put("airbyte-cdk", "7.41.0", "");
    let upgraded = wheels.upgrade(&here, "airbyte-cdk").good();
    assert!(upgraded.out.contains("airbyte-cdk: 7.41.0, was 7.40.0"), "{upgraded:?}");
    for name in ["source-coded.json", "source-corner-shop.json"] {
        let environment = file_of(&here, name)["runtime"]["environment"].as_str().unwrap().to_owned();
        assert!(environment.starts_with("airbyte-cdk/7.41.0-"), "{environment}");
    }
    let first = here.run(&["connectors", "remove", "coded"]).good();
    assert!(first.out.contains("its environment stays"), "{first:?}");
    let last = here.run(&["connectors", "remove", "source-corner-shop"]).good();
    assert!(last.out.contains("MB are free") && left(&here).is_empty(), "{last:?}");
}

#[test]
fn a_newer_registry_names_newer_versions_and_the_operators_own_file_counts_more() {
    let mut here = Installation::on_sqlite();
    let Some(wheels) = WheelFolder::of(&mut here) else { return };
    wheels.put("airbyte-source-faker", "9.0.1", "");
    let registry = json!({"sources": [{
        "name": "Faker", "dockerRepository": "airbyte/source-faker", "dockerImageTag": "9.0.1", "license": "MIT",
        "remoteRegistries": {"pypi": {"enabled": true, "packageName": "airbyte-source-faker"}},
    }]});
    let path = here.write("registry.json", &registry.to_string());
    let own = here.write(
        "own/faker.json",
        &json!({"slug": "faker", "name": "Mine", "kind": "source", "spec": {"type": "object", "properties": {}}})
            .to_string(),
    );
    here.set("VESTIBULE_CONNECTORS_DIR", own.parent().and_then(Path::to_str).unwrap());
    let ran = wheels.install(&here, "faker", &["--registry", path.to_str().unwrap()]).good();
    assert!(ran.out.contains("source faker 9.0.1: ") && ran.out.contains("MIT, a free licence"), "{ran:?}");
    assert!(
        ran.out.contains("VESTIBULE_CONNECTORS_DIR has a file of its own for source faker, and that one counts"),
        "{ran:?}"
    );
    let all = here.run(&["connectors", "list"]).good().out;
    assert!(all.lines().any(|line| line.contains("imported") && line.ends_with("Mine")), "{all}");
    let none = here.run(&["connectors", "install", "faker", "--registry", own.to_str().unwrap()]).ended(1);
    assert!(none.err.contains("is no registry of connectors"), "{none:?}");
}

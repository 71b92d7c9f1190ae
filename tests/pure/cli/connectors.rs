use std::sync::Arc;

use serde_json::{Value, json};
use vestibule::connectors::{Connector, Connectors, Kind};

use crate::support::installation::Installation;

const YAML: &str = r##"
version: 6.1.0
type: DeclarativeSource
definitions:
  key:
    type: string
    title: Key
    airbyte_secret: true
streams: []
spec:
  type: Spec
  documentation_url: https://corner-shop.example/docs
  connection_specification:
    type: object
    required: [key]
    properties:
      key:
        $ref: "#/definitions/key"
      since:
        type: string
        format: date
"##;

fn schema(title: &str) -> Value {
    json!({"title": title, "type": "object", "required": ["key"], "properties": {"key": {"type": "string", "airbyte_secret": true}}})
}

fn message(title: &str) -> Value {
    json!({"documentationUrl": "https://docs.example/x", "connectionSpecification": schema(title), "advanced_auth": {"auth_flow_type": "oauth2.0"}})
}

/// A place for connector files that the settings name, too.
fn with_dir() -> Installation {
    let mut here = Installation::on_sqlite();
    let dir = here.file("connectors");
    std::fs::create_dir(&dir).unwrap();
    here.set("VESTIBULE_CONNECTORS_DIR", dir.to_str().unwrap());
    here
}

#[track_caller]
fn imported(here: &Installation, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(here.file("connectors").join(name)).unwrap()).unwrap()
}

#[test]
fn list_shows_kind_slug_and_name() {
    let here = Installation::on_sqlite();
    let ran = here.run(&["connectors", "list"]).good();
    let facebook = ran.out.lines().find(|line| line.contains(" facebook-ads ")).unwrap();
    assert!(
        facebook.starts_with("source ") && facebook.contains("built in") && facebook.ends_with("Facebook Ads"),
        "{facebook}"
    );
    let all: Value = serde_json::from_str(&here.run(&["connectors", "list", "--json"]).good().out).unwrap();
    assert_eq!(all.as_array().unwrap().len(), ran.out.lines().count());
    assert!(
        all.as_array()
            .unwrap()
            .iter()
            .all(|one| one["kind"].is_string() && one["slug"].is_string() && one["not_carried"] == json!([]))
    );
    assert!(!here.data().exists());
}

#[test]
fn every_form_of_a_specification_becomes_a_connector() {
    let here = with_dir();
    for (file, text, result) in [
        ("source-plain.json", schema("Anything").to_string(), "source-plain.json"),
        ("a.json", schema("Garden Tools Destination Spec").to_string(), "destination-garden-tools.json"),
        ("source-bare.json", message("X").to_string(), "source-bare.json"),
        ("b.json", json!({"spec": message("Inner Source Spec")}).to_string(), "source-inner.json"),
        ("c.json", json!({"type": "SPEC", "spec": message("Outer Source Spec")}).to_string(), "source-outer.json"),
        (
            "d.json",
            format!(
                "{}\n{}\n",
                json!({"type": "LOG", "log": {}}),
                json!({"type": "SPEC", "spec": message("Logged Source Spec")})
            ),
            "source-logged.json",
        ),
        ("source-corner-shop/manifest.yaml", YAML.to_owned(), "source-corner-shop.json"),
    ] {
        let path = here.write(file, &text);
        let ran = here.run(&["connectors", "import", path.to_str().unwrap()]).good();
        assert!(ran.out.contains(result) && ran.out.contains("1 connector imported"), "{file}: {ran:?}");
        assert_eq!(imported(&here, result)["spec"]["properties"]["key"]["airbyte_secret"], json!(true), "{file}");
    }
    assert!(imported(&here, "source-inner.json").get("oauth").is_none(), "nothing is said of how signing in is done");
    assert_eq!(imported(&here, "source-inner.json")["documentation_url"], "https://docs.example/x");
    assert_eq!(imported(&here, "destination-garden-tools.json")["name"], "Garden Tools");
    let list = here.run(&["connectors", "list"]).good().out;
    assert!(list.lines().any(|line| line.contains(" corner-shop ") && line.contains("imported")), "{list}");
    here.start(&["serve"]).stop().good();
}

#[test]
fn a_registry_comes_in_whole_and_its_broken_entries_are_named() {
    let here = with_dir();
    let registry = json!({
        "sources": [
            {"name": "Corner Shop", "dockerRepository": "maker/source-corner-shop", "spec": message("x")},
            {"name": "Empty", "dockerRepository": "maker/source-empty"},
            {"name": "Twin", "dockerRepository": "else/source-corner-shop", "spec": message("x")},
        ],
        "destinations": [{"name": "Lake", "dockerRepository": "maker/destination-lake", "spec": message("x")}],
    });
    let path = here.write("registry.json", &registry.to_string());
    let ran = here.run(&["connectors", "import", path.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("2 connectors imported") && ran.out.contains("2 not imported"), "{ran:?}");
    assert!(
        ran.err.contains("registry.json: Empty: not imported") && ran.err.contains("Twin: not imported: another"),
        "{ran:?}"
    );
    assert_eq!(imported(&here, "source-corner-shop.json")["name"], "Corner Shop");
    assert_eq!(imported(&here, "destination-lake.json")["kind"], "destination");
}

#[test]
fn connector_files_of_our_own_form_come_back_as_they_were() {
    let here = with_dir();
    let path = here.write("mine.json", &schema("x").to_string());
    let args = [
        "connectors",
        "import",
        path.to_str().unwrap(),
        "--kind",
        "destination",
        "--slug",
        "my-lake",
        "--name",
        "My Lake",
    ];
    here.run(&args).good();
    let mut file = imported(&here, "destination-my-lake.json");
    assert_eq!(
        (&file["name"], &file["slug"], &file["kind"]),
        (&json!("My Lake"), &json!("my-lake"), &json!("destination"))
    );
    file["guide"] = json!("Ask the lake keeper.");
    let path = here.write("again.json", &file.to_string());
    here.run(&["connectors", "import", path.to_str().unwrap(), "--force"]).good();
    assert_eq!(imported(&here, "destination-my-lake.json"), file);
}

#[test]
fn nothing_is_overwritten_without_force() {
    let here = with_dir();
    let path = here.write("source-shop.json", &schema("x").to_string());
    let args = ["connectors", "import", path.to_str().unwrap()];
    here.run(&args).good();
    std::fs::write(&path, schema("changed").to_string()).unwrap();
    let ran = here.run(&args);
    assert!(ran.code == 1 && ran.err.contains("--force"), "{ran:?}");
    assert_eq!(imported(&here, "source-shop.json")["spec"]["title"], "x");
    here.run(&[&args[..], &["--force"]].concat()).good();
    assert_eq!(imported(&here, "source-shop.json")["spec"]["title"], "changed");
}

#[test]
fn what_cannot_be_known_is_asked_for() {
    let mut here = with_dir();
    let path = here.write("thing.json", &schema("").to_string());
    let path = path.to_str().unwrap();
    let ran = here.run(&["connectors", "import", path]);
    assert!(ran.code == 1 && ran.err.contains("--kind"), "{ran:?}");
    here.run(&["connectors", "import", path, "--kind", "pipe"]).refused(2, "source or destination");
    let ran = here.run(&["connectors", "import", path, "--kind", "source", "--slug", "Not A Slug"]);
    assert!(ran.code == 1 && ran.err.contains("slug must be"), "{ran:?}");
    here.write("two/a.json", &schema("x").to_string());
    let folder = here.write("two/b.json", &schema("x").to_string());
    let folder = folder.parent().unwrap().to_str().unwrap().to_owned();
    here.run(&["connectors", "import", &folder, "--slug", "one"]).refused(2, "2 were found");
    here.unset("VESTIBULE_CONNECTORS_DIR");
    here.run(&["connectors", "import", path, "--kind", "source"]).refused(2, "--dir");
    let dir = here.file("fresh");
    here.run(&["connectors", "import", path, "--kind", "source", "--dir", dir.to_str().unwrap()]).good();
    assert!(dir.join("source-thing.json").exists());
}

#[test]
fn a_hostile_document_is_refused_and_not_written() {
    let here = with_dir();
    let mut deep = json!({"type": "string"});
    for _ in 0..50 {
        deep = json!({"type": "object", "properties": {"x": deep}});
    }
    let path = here.write("source-deep.json", &deep.to_string());
    let ran = here.run(&["connectors", "import", path.to_str().unwrap()]);
    assert!(ran.code == 1 && ran.err.contains("too deeply"), "{ran:?}");
    let path = here.write("source-endless.json", &"[".repeat(100_000));
    let ran = here.run(&["connectors", "import", path.to_str().unwrap()]);
    assert!(ran.code == 1 && ran.err.contains("no JSON"), "{ran:?}");
    let path = here.write("source-bomb.yaml", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f]\n");
    here.run(&["connectors", "import", path.to_str().unwrap()]).ended(1);
    assert_eq!(std::fs::read_dir(here.file("connectors")).unwrap().count(), 0);
}

#[test]
fn an_installed_program_is_asked_for_its_specification() {
    let here = with_dir();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/connector.py");
    here.run(&["connectors", "import", "--kind", "source", "--exec", "python3", script, "good"]).good();
    let file = imported(&here, "source-corner-shop.json");
    assert_eq!(
        (&file["name"], &file["documentation_url"]),
        (&"Corner Shop".into(), &"https://example.com/docs".into())
    );
    assert_eq!(file["runtime"], json!({"type": "airbyte", "command": ["python3", script, "good"]}));
    assert!(here.run(&["connectors", "list"]).good().out.contains("corner-shop"));
    let ran = here.run(&["connectors", "import", "--exec", "source-nobody-installed"]);
    assert!(ran.code == 1 && ran.err.contains("source-nobody-installed is not installed"), "{ran:?}");
    let ran = here.run(&["connectors", "import", "--exec", "false"]);
    assert!(ran.code == 1 && ran.err.contains("ended with status 1 before it said which settings it has"), "{ran:?}");
    here.run(&["connectors", "import"]).refused(2, "PATH");
    let ran = here.run(&["connectors", "import", "--image", "maker/source-x:1"]);
    assert!(ran.code == 1 && ran.err.contains("VESTIBULE_CONTAINER_ENGINE"), "{ran:?}");
}

/// A specification for a connector that is built in brings nothing that is built in to an end.
#[test]
fn an_import_adds_and_takes_nothing_away() {
    let here = with_dir();
    let entry = |name: &str, image: &str| json!({"name": name, "dockerRepository": image, "spec": message(name)});
    let registry = json!({"sources": [
        entry("Postgres", "maker/source-postgres"),
        entry("Stripe", "maker/source-stripe"),
        entry("Airtable", "maker/source-airtable"),
        entry("MySQL", "maker/source-mysql"),
        entry("Corner Shop", "maker/source-corner-shop"),
    ], "destinations": []});
    let path = here.write("registry.json", &registry.to_string());
    let ran = here.run(&["connectors", "import", path.to_str().unwrap()]).good();
    for slug in ["postgres", "stripe", "airtable"] {
        assert!(ran.out.contains(&format!("source {slug}: stays as it is")), "{ran:?}");
        assert!(!here.file("connectors").join(format!("source-{slug}.json")).exists(), "{slug}");
    }
    assert!(ran.out.contains("2 connectors imported") && ran.out.contains("3 as they were"), "{ran:?}");
    let mysql = imported(&here, "source-mysql.json");
    assert!(mysql["spec"]["properties"]["key"].is_object(), "nothing here runs it, so the specification is taken");
    assert!(
        !mysql["guide"].as_str().unwrap().is_empty() && mysql["category"] == "Database",
        "and the guide is kept: {mysql}"
    );

    // A program brings its own specification and runs by it; what people read stays.
    let path = here.write("source-stripe/manifest.yaml", YAML);
    here.run(&["connectors", "import", path.to_str().unwrap()]).good();
    let stripe = imported(&here, "source-stripe.json");
    assert_eq!((&stripe["runtime"]["type"], &stripe["name"]), (&json!("airbyte"), &json!("Stripe")));
    assert!(
        !stripe["guide"].as_str().unwrap().is_empty() && stripe["spec"]["properties"]["key"].is_object(),
        "{stripe}"
    );

    // A newer specification for a connector whose program the operator installed keeps the program.
    let path = here.write("newer.json", &json!({"sources": [entry("Stripe", "maker/source-stripe")]}).to_string());
    let refused = here.run(&["connectors", "import", path.to_str().unwrap()]);
    assert!(refused.code == 1 && refused.err.contains("--force"), "{refused:?}");
    here.run(&["connectors", "import", path.to_str().unwrap(), "--force"]).good();
    assert_eq!(imported(&here, "source-stripe.json")["runtime"]["type"], "airbyte");

    let path =
        here.write("postgres.json", &json!({"sources": [entry("Postgres", "maker/source-postgres")]}).to_string());
    let replaced = here.run(&["connectors", "import", path.to_str().unwrap(), "--replace"]).good();
    assert!(replaced.out.contains("replaces the one that was there; whether connections use it"), "{replaced:?}");
    assert!(imported(&here, "source-postgres.json").get("runtime").is_none(), "taken as it came");
}

/// A registry that has an entry of the same name, with other settings, for everything that is built in.
#[test]
fn a_whole_registry_leaves_what_is_built_in_running() {
    let here = with_dir();
    let built_in = Connectors::load(None).unwrap();
    let entries = |kind: Kind| -> Vec<Value> {
        let entry = |connector: &Arc<Connector>| {
            let (kind, slug) = (kind.as_str(), &connector.file.slug);
            json!({
                "name": connector.name(), "dockerRepository": format!("maker/{kind}-{slug}"), "dockerImageTag": "1.2.3", "spec": message(slug),
                "remoteRegistries": {"pypi": {"enabled": true, "packageName": format!("maker-{kind}-{slug}")}},
                "allowedHosts": {"hosts": ["api.example.com"]}, "suggestedStreams": {"streams": ["orders"]},
            })
        };
        built_in.search(kind, "").into_iter().map(entry).collect()
    };
    let (sources, destinations) = (entries(Kind::Source), entries(Kind::Destination));
    let count = sources.len() + destinations.len();
    assert!(count >= 36, "{count}");
    let path = here.write("registry.json", &json!({"sources": sources, "destinations": destinations}).to_string());
    here.run(&["connectors", "import", path.to_str().unwrap()]).good();
    let after = Connectors::load(Some(&here.file("connectors"))).unwrap();
    let mut stayed = 0;
    for kind in [Kind::Source, Kind::Destination] {
        for was in built_in.search(kind, "") {
            let (slug, now) = (&was.file.slug, after.find(kind, &was.file.slug).unwrap());
            let kept = |one: &Connector| {
                let file = &one.file;
                json!([file.runtime, file.oauth, file.guide, file.name, file.category, file.summary, file.streams])
            };
            assert_eq!(kept(was), kept(now), "{slug}");
            if was.file.runtime.is_some() || was.file.oauth.is_some() {
                stayed += 1;
                assert_eq!(was.file.spec, now.file.spec, "{slug}: it asks by the names of its own settings");
            } else {
                assert!(now.how_to_install().contains(&format!("maker-{}-{slug}", kind.as_str())), "{slug}");
                let registry = now.file.registry.as_ref().unwrap();
                assert_eq!(
                    (&registry.allowed_hosts[0], &registry.suggested_streams[0]),
                    (&"api.example.com".to_owned(), &"orders".to_owned())
                );
            }
        }
    }
    assert!(stayed >= 20 && stayed < count, "{stayed} of {count}");
}

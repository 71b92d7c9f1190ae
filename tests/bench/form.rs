//! The form engine: compile, view and read back the largest form of the catalogue, or the spec that BENCH_SPEC names.

use std::time::Instant;

use askama::Template as _;
use vestibule::connectors::Connectors;
use vestibule::schema::form::{Audience, FormState, KnownValues, RawForm, Strictness, Values, decode, encode, view};
use vestibule::schema::spec::Spec;

pub fn run() {
    let schema: serde_json::Value = match std::env::var("BENCH_SPEC") {
        Ok(path) => {
            let text: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            text.get("connectionSpecification").cloned().unwrap_or(text)
        }
        Err(_) => {
            let all = Connectors::load(None).unwrap();
            all.all()
                .iter()
                .map(|connector| connector.file.spec.clone())
                .max_by_key(|spec| spec.to_string().len())
                .unwrap()
        }
    };
    let spec = Spec::compile(&schema).unwrap();
    let who = Audience::Recipient { workspace: "Acme".to_owned(), asks: None };
    let (known, state) = (KnownValues::default(), FormState::empty());
    let html = view(&spec, &known, &state, &who).render().unwrap();
    let raw = RawForm::from_pairs(encode(&spec, &Values::default()));
    println!(
        "form of {} bytes of spec: compile {:.0} µs, view and render {:.0} µs ({} bytes), read back {:.0} µs",
        schema.to_string().len(),
        median(|| drop(Spec::compile(&schema).unwrap())),
        median(|| drop(view(&spec, &known, &state, &who).render().unwrap())),
        html.len(),
        median(|| drop(decode(&spec, &raw, &known, Strictness::Draft, &who))),
    );
}

/// Median of many runs, in microseconds.
fn median(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    super::quantile(&times, 0.5)
}

//! How the types that a source declares are called by dlt (<https://dlthub.com/docs/general-usage/schema#data-types>).

use serde_json::{Value, json};

/// The most digits that every warehouse keeps.
const MOST_DIGITS: u16 = 38;

/// What dlt is told of a column, by the name PostgreSQL has for its type; what has no name there is kept as text.
pub(super) fn hint(name: &str) -> Value {
    let (plain, arguments) = without_arguments(name);
    match plain.as_str() {
        "boolean" => json!({"data_type": "bool"}),
        "smallint" | "integer" | "bigint" => json!({"data_type": "bigint"}),
        "real" | "double precision" => json!({"data_type": "double"}),
        "numeric" => match arguments.as_slice() {
            [] => json!({"data_type": "decimal", "precision": MOST_DIGITS, "scale": 9}),
            [digits, scale] if *digits <= MOST_DIGITS && scale <= digits => {
                json!({"data_type": "decimal", "precision": digits, "scale": scale})
            }
            _ => json!({"data_type": "text"}),
        },
        "date" => json!({"data_type": "date"}),
        "time without time zone" => json!({"data_type": "time"}),
        "timestamp without time zone" => json!({"data_type": "timestamp", "timezone": false}),
        "timestamp with time zone" => json!({"data_type": "timestamp"}),
        "json" | "jsonb" => json!({"data_type": "json"}),
        name if name.ends_with("[]") => json!({"data_type": "json"}),
        _ => json!({"data_type": "text"}),
    }
}

/// `numeric(12,2)` is `numeric` with 12 and 2.
fn without_arguments(name: &str) -> (String, Vec<u16>) {
    let Some((before, rest)) = name.split_once('(') else { return (name.to_owned(), Vec::new()) };
    let (arguments, after) = rest.split_once(')').unwrap_or((rest, ""));
    let numbers = arguments.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    (format!("{before}{after}"), numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_name_there() {
        for (name, due) in [
            ("bigint", json!({"data_type": "bigint"})),
            ("numeric", json!({"data_type": "decimal", "precision": 38, "scale": 9})),
            ("numeric(12,2)", json!({"data_type": "decimal", "precision": 12, "scale": 2})),
            ("numeric(60,2)", json!({"data_type": "text"})),
            ("timestamp(3) with time zone", json!({"data_type": "timestamp"})),
            ("timestamp(3) without time zone", json!({"data_type": "timestamp", "timezone": false})),
            ("time(0) with time zone", json!({"data_type": "text"})),
            ("integer[]", json!({"data_type": "json"})),
            ("numeric(5,1)[]", json!({"data_type": "json"})),
            ("inet", json!({"data_type": "text"})),
        ] {
            assert_eq!(hint(name), due, "{name}");
        }
    }
}

//! Where each stream of a run begins: where the last one came to, or at the beginning, and why. Pure.

use serde_json::Value;

use super::fingerprint::{Fingerprint, Fingerprints, Restart, SettingDigests, StreamPosition};
use crate::engines::{SyncType, is_shared, narrowed};

/// A stream that is to be read.
#[derive(Debug, Clone)]
pub(super) struct ReadStream {
    /// Its name in choices.
    pub(super) name: String,
    /// Its name in positions of engines.
    pub(super) engine_name: String,
    pub(super) fingerprint: Fingerprint,
    pub(super) sync_type: SyncType,
}

/// What a source's last whole run left.
#[derive(Debug, Clone)]
pub(super) struct KeptState {
    pub(super) state: Value,
    /// `None`: it is of before this was noted.
    pub(super) fingerprints: Option<Fingerprints>,
    /// The run that left it.
    pub(super) run: String,
}

/// Where each stream of a run begins.
#[derive(Debug, Clone)]
pub(super) struct ReadPosition {
    /// What the engine is given; `None`: everything is read from the beginning.
    pub(super) state: Option<Value>,
    streams: Vec<ReadStream>,
    settings: SettingDigests,
    /// Why each stream is read from the beginning; `None` for one that continues, or is read whole each time anyway.
    restarts: Vec<Option<Restart>>,
    kept: Option<KeptState>,
}

impl ReadPosition {
    /// `engine` is the member of kept positions that the connector's engine writes.
    pub(super) fn new(
        kept: Option<KeptState>,
        engine: Option<&str>,
        settings: SettingDigests,
        streams: Vec<ReadStream>,
        from_start: bool,
    ) -> Self {
        let judge = |stream: &ReadStream| {
            if stream.sync_type == SyncType::FullTable {
                return None;
            }
            let Some(kept) = &kept else { return Some(if from_start { Restart::Asked } else { Restart::First }) };
            if from_start {
                return Some(Restart::Asked);
            }
            if engine.is_none_or(|engine| kept.state.get(engine).is_none()) {
                return Some(Restart::Engine);
            }
            // Of before it was noted: it is taken for one of what is configured now.
            let known = kept.fingerprints.as_ref()?;
            let Some(position) = known.streams.get(&stream.name) else { return Some(Restart::First) };
            position.fingerprint.change(&stream.fingerprint, &known.settings, &settings)
        };
        let restarts = streams.iter().map(judge).collect();
        let mut this = Self { state: None, streams, settings, restarts, kept };
        this.narrow();
        this
    }

    /// Makes the state fit what begins anew.
    fn narrow(&mut self) {
        let Some(kept) = &self.kept else { return };
        let first = self.restarts.iter().position(Option::is_some);
        if let Some(stream) = first.and_then(|place| self.streams.get(place))
            && is_shared(&kept.state)
        {
            for (one, restart) in self.streams.iter().zip(&mut self.restarts) {
                if one.sync_type == SyncType::Incremental {
                    restart.get_or_insert_with(|| Restart::Shared(stream.name.clone()));
                }
            }
            self.state = None;
            return;
        }
        let begins = |name: &str| {
            let mut both = self.streams.iter().zip(&self.restarts);
            both.any(|(stream, restart)| restart.is_some() && stream.engine_name == name)
        };
        let continues = self
            .restarts
            .iter()
            .zip(&self.streams)
            .any(|(restart, stream)| restart.is_none() && stream.sync_type == SyncType::Incremental);
        self.state = continues.then(|| narrowed(&kept.state, |name| !begins(name))).flatten();
    }

    /// Streams turn out to have to begin anew.
    pub(super) fn begin_anew(&mut self, found: Vec<(usize, Restart)>) {
        for (place, restart) in found {
            if let Some(slot) = self.restarts.get_mut(place) {
                slot.get_or_insert(restart);
            }
        }
        self.narrow();
    }

    /// Why a stream is read from the beginning.
    pub(super) fn restart(&self, place: usize) -> Option<&Restart> {
        self.restarts.get(place)?.as_ref()
    }

    /// The run whose records a stream continues.
    pub(super) fn continued_run(&self, place: usize) -> Option<&str> {
        let stream = self.streams.get(place).filter(|stream| stream.sync_type == SyncType::Incremental)?;
        if self.restart(place).is_some() {
            return None;
        }
        let kept = self.kept.as_ref()?;
        let Some(known) = &kept.fingerprints else { return Some(&kept.run) };
        known.streams.get(&stream.name).map(|position| position.run.as_str())
    }

    /// Whether any stream continues.
    pub(super) fn continues(&self) -> bool {
        (0..self.streams.len()).any(|place| self.continued_run(place).is_some())
    }

    /// Streams that begin anew although they have been read before, with the reason; for the log and for pages.
    pub(super) fn notes(&self) -> Vec<(&str, &Restart)> {
        let both = self.streams.iter().zip(&self.restarts);
        let said = both.filter_map(|(stream, restart)| Some((stream.name.as_str(), restart.as_ref()?)));
        let is_news =
            |restart: &Restart| *restart != Restart::Asked && (*restart != Restart::First || self.continues());
        said.filter(|(_, restart)| is_news(restart)).collect()
    }

    /// What a run leaves that came to its end; `reached` is the last state its engine gave.
    pub(super) fn left(&self, run: &str, reached: Option<&Value>) -> Option<(Value, Fingerprints)> {
        let state = reached.or_else(|| self.kept.as_ref().map(|kept| &kept.state))?.clone();
        // A stream that was not read moves on with the others when they share their position, and cannot continue alone.
        let before = self.kept.as_ref().and_then(|kept| kept.fingerprints.as_ref()).filter(|_| !is_shared(&state));
        let mut streams = before.map(|before| before.streams.clone()).unwrap_or_default();
        for stream in &self.streams {
            if stream.sync_type == SyncType::Incremental {
                let position = StreamPosition { fingerprint: stream.fingerprint.clone(), run: run.to_owned() };
                streams.insert(stream.name.clone(), position);
            } else {
                // Its table was filled without keys.
                streams.remove(&stream.name);
            }
        }
        Some((state, Fingerprints { settings: self.settings.clone(), streams }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::features::work::runs::fingerprint::OutputMark;

    fn settings(database: &str) -> SettingDigests {
        [("database".to_owned(), database.to_owned())].into()
    }

    fn stream(name: &str, sync_type: SyncType, settings: &SettingDigests, table: &str) -> ReadStream {
        let choice = serde_json::from_value(json!({"stream_name": name, "table_name": table})).unwrap();
        let output = OutputMark { address: "files", fills_tables: false };
        let fingerprint = Fingerprint::of(settings, &choice, &output);
        ReadStream { name: name.to_owned(), engine_name: name.to_owned(), fingerprint, sync_type }
    }

    fn two(database: &str, table: &str) -> Vec<ReadStream> {
        let settings = settings(database);
        let one = |name, table| stream(name, SyncType::Incremental, &settings, table);
        vec![one("a", table), one("b", "b")]
    }

    fn pieces() -> Value {
        let piece = |name| json!({"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": {"at": 1}}});
        json!({"airbyte": [piece("a"), piece("b")]})
    }

    /// What a run of two streams left.
    fn kept(state: Value) -> KeptState {
        let run = ReadPosition::new(None, Some("airbyte"), settings("stage"), two("stage", "a"), false);
        let (state, fingerprints) = run.left("r1", Some(&state)).unwrap();
        KeptState { state, fingerprints: Some(fingerprints), run: "r1".to_owned() }
    }

    fn next(kept: KeptState, streams: Vec<ReadStream>, database: &str) -> ReadPosition {
        ReadPosition::new(Some(kept), Some("airbyte"), settings(database), streams, false)
    }

    #[test]
    fn what_is_the_same_continues() {
        let position = next(kept(pieces()), two("stage", "a"), "stage");
        assert_eq!((position.state.clone(), position.continued_run(0)), (Some(pieces()), Some("r1")));
        assert!(position.continues() && position.notes().is_empty());
    }

    #[test]
    fn one_stream_begins_anew_alone_and_all_when_they_share() {
        let position = next(kept(pieces()), two("stage", "renamed"), "stage");
        assert_eq!((position.restart(0), position.restart(1)), (Some(&Restart::Table), None));
        let left = position.state.as_ref().unwrap()["airbyte"].as_array().unwrap();
        assert_eq!((left.len(), &left[0]["stream"]["stream_descriptor"]["name"]), (1, &json!("b")));
        assert_eq!((position.continued_run(0), position.continued_run(1)), (None, Some("r1")));
        let shared = json!({"airbyte": [{"type": "GLOBAL", "global": {}}]});
        let position = next(kept(shared.clone()), two("stage", "renamed"), "stage");
        assert_eq!(position.restart(1), Some(&Restart::Shared("a".to_owned())));
        assert!(position.state.is_none() && !position.continues());
        let mut position = next(kept(shared), two("stage", "a"), "stage");
        position.begin_anew(vec![(1, Restart::TableGone)]);
        assert_eq!(position.restart(0), Some(&Restart::Shared("b".to_owned())));
    }

    #[test]
    fn nothing_is_left_where_nothing_that_is_read_continues() {
        let settings = settings("stage");
        let streams = vec![
            stream("a", SyncType::Incremental, &settings, "renamed"),
            stream("c", SyncType::FullTable, &settings, "c"),
        ];
        let position = next(kept(pieces()), streams, "stage");
        assert_eq!((position.restart(0), position.restart(1)), (Some(&Restart::Table), None));
        assert!(position.state.is_none() && !position.continues(), "what b left is no reason to continue");
    }

    #[test]
    fn another_source_another_engine_and_a_wish_begin_everything_anew() {
        let position = next(kept(pieces()), two("prod", "a"), "prod");
        let due = Restart::Source(vec!["database".to_owned()]);
        assert_eq!((position.restart(0), position.restart(1), position.state.clone()), (Some(&due), Some(&due), None));
        assert_eq!(position.notes().len(), 2);
        let streams = || two("stage", "a");
        let position = ReadPosition::new(Some(kept(pieces())), Some("postgres"), settings("stage"), streams(), false);
        assert_eq!((position.restart(0), position.state.clone()), (Some(&Restart::Engine), None));
        let position = ReadPosition::new(Some(kept(pieces())), Some("airbyte"), settings("stage"), streams(), true);
        assert_eq!((position.restart(0), position.state.clone()), (Some(&Restart::Asked), None));
        assert!(position.notes().is_empty(), "who asked knows");
    }

    #[test]
    fn a_position_of_before_it_was_noted_is_taken_for_one_of_now() {
        let old = KeptState { fingerprints: None, ..kept(pieces()) };
        let position = next(old, two("anything", "at all"), "anything");
        assert_eq!((position.state.clone(), position.continued_run(1)), (Some(pieces()), Some("r1")));
    }

    #[test]
    fn a_stream_that_was_not_read_keeps_its_own_position_and_loses_a_shared_one() {
        let only_b = || vec![stream("b", SyncType::Incremental, &settings("stage"), "b")];
        let (state, left) = next(kept(pieces()), only_b(), "stage").left("r2", Some(&pieces())).unwrap();
        assert_eq!((left.streams["a"].run.as_str(), left.streams["b"].run.as_str()), ("r1", "r2"));
        let again = KeptState { state, fingerprints: Some(left), run: "r2".to_owned() };
        let position = next(again, two("stage", "a"), "stage");
        assert_eq!((position.continued_run(0), position.continued_run(1)), (Some("r1"), Some("r2")));
        let shared = json!({"airbyte": {"at": 7}});
        let (_, left) = next(kept(shared.clone()), only_b(), "stage").left("r2", Some(&shared)).unwrap();
        assert_eq!(left.streams.keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn a_table_that_was_filled_whole_is_no_place_to_continue() {
        let settings = settings("stage");
        let whole =
            vec![stream("a", SyncType::FullTable, &settings, "a"), stream("b", SyncType::Incremental, &settings, "b")];
        let (state, left) = next(kept(pieces()), whole, "stage").left("r2", None).unwrap();
        assert_eq!(left.streams.keys().collect::<Vec<_>>(), ["b"]);
        let again = KeptState { state, fingerprints: Some(left), run: "r2".to_owned() };
        assert_eq!(next(again, two("stage", "a"), "stage").restart(0), Some(&Restart::First));
    }
}

//! A folder of connector files, the operator's or that of what was installed, looked at again and again: what is taken in, what stays as it was, what is left out.
//!
//! Invariants: a file that does not fit changes nothing but itself, and the version of before stays for as long as this process lives; a file
//! that is being written is given time to be whole before anything is said of it, and so is one that is gone, because many editors write
//! another file and rename it; each fault is told once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::file::FileProblem;
use super::{Connector, ConnectorFile};

/// A file that does not change for this long is whole, and one that is missing for this long is gone.
const REST: Duration = Duration::from_secs(1);

/// What is wrong with a connector file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// The file's name; of the folder itself its path.
    pub file: String,
    /// The line where it stops to be a connector file, where that can be told.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
    /// The version of before stays in use.
    pub is_kept: bool,
}

impl FileFault {
    /// "shop.json, line 3".
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}, line {line}", self.file),
            None => self.file.clone(),
        }
    }

    /// Named by the folder of what was installed, so that nobody looks for it in their own.
    fn of_installed(self) -> Self {
        Self { file: format!("connectors/installed/{}", self.file), ..self }
    }

    /// What is so meanwhile.
    pub fn meanwhile(&self) -> &'static str {
        if self.is_kept { "The version of before stays in use." } else { "The file is left out." }
    }
}

/// Something that has changed in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderEvent {
    /// A file is in use from now on.
    Taken(String),
    /// A file is gone, and its connector with it.
    Removed(String),
    /// A file cannot be used.
    Faulty(FileFault),
}

/// What of a file changes when it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(data: &Metadata) -> Self {
        Self {
            inode: data.ino(),
            length: data.len(),
            written: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        }
    }
}

/// A file as it was seen last.
#[derive(Debug)]
struct SeenFile {
    /// `None`: nothing of it was read yet.
    stamp: Option<Stamp>,
    /// Since when it is as it is, or is missing.
    since: Duration,
    /// It was read again after it had rested, so that a change within one tick of the disk's clock is seen, too.
    has_rested: bool,
    is_missing: bool,
    digest: [u8; 32],
    good: Option<Arc<Connector>>,
    fault: Option<FileFault>,
}

impl SeenFile {
    fn new(now: Duration) -> Self {
        let (digest, good, fault) = Default::default();
        Self { stamp: None, since: now, has_rested: false, is_missing: false, digest, good, fault }
    }
}

/// The folder as it was seen last.
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    /// It is made by the first installation: until then it is empty.
    may_be_missing: bool,
    files: BTreeMap<String, SeenFile>,
    /// It cannot be listed; what was read stays.
    fault: Option<FileFault>,
}

impl Folder {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), may_be_missing: false, files: BTreeMap::new(), fault: None }
    }

    pub(super) fn that_may_be_missing(dir: &Path) -> Self {
        Self { may_be_missing: true, ..Self::new(dir) }
    }

    fn list(&self) -> anyhow::Result<BTreeMap<String, Stamp>> {
        if self.may_be_missing && !self.dir.exists() { Ok(BTreeMap::new()) } else { list(&self.dir) }
    }

    /// Reads the folder for the first time: there is nothing to wait for.
    ///
    /// # Errors
    /// It cannot be listed.
    pub(super) fn begin(&mut self, now: Duration) -> anyhow::Result<()> {
        for (name, stamp) in self.list()? {
            let file = self.files.entry(name.clone()).or_insert_with(|| SeenFile::new(now));
            file.stamp = Some(stamp);
            if let Some(problem) = file.read(&self.dir.join(&name)) {
                file.fault = Some(problem.of_file(&name, false));
            }
        }
        Ok(())
    }

    /// Looks at what has changed. `now` only counts on; it is how long this process has waited.
    pub(super) fn look(&mut self, now: Duration) -> Vec<FolderEvent> {
        let mut events = Vec::new();
        let listed = match self.list() {
            Ok(listed) => listed,
            Err(error) => {
                let reason = format!("{error:#}");
                let fault = FileFault { file: self.dir.display().to_string(), line: None, reason, is_kept: true };
                if self.fault.as_ref() != Some(&fault) {
                    events.push(FolderEvent::Faulty(fault.clone()));
                }
                self.fault = Some(fault);
                return events;
            }
        };
        self.fault = None;
        let names: BTreeSet<&String> = listed.keys().collect();
        for (name, file) in self.files.iter_mut().filter(|(name, _)| !names.contains(name)) {
            if !file.is_missing {
                (file.is_missing, file.since, file.stamp) = (true, now, None);
            } else if now.saturating_sub(file.since) >= REST {
                events.push(FolderEvent::Removed(name.clone()));
            }
        }
        let is_gone = |file: &SeenFile| file.is_missing && now.saturating_sub(file.since) >= REST;
        self.files.retain(|name, file| names.contains(name) || !is_gone(file));
        for (name, stamp) in &listed {
            let path = self.dir.join(name);
            let file = self.files.entry(name.clone()).or_insert_with(|| SeenFile::new(now));
            events.extend(file.look(name, &path, *stamp, now));
        }
        events
    }

    /// What can be used, by file name.
    pub(super) fn connectors(&self) -> impl Iterator<Item = &Arc<Connector>> {
        self.files.values().filter_map(|file| file.good.as_ref())
    }

    pub(super) fn faults(&self) -> Vec<FileFault> {
        let all = self.fault.iter().chain(self.files.values().filter_map(|file| file.fault.as_ref())).cloned();
        all.map(|fault| if self.may_be_missing { fault.of_installed() } else { fault }).collect()
    }
}

impl SeenFile {
    fn look(&mut self, name: &str, path: &Path, stamp: Stamp, now: Duration) -> Option<FolderEvent> {
        self.is_missing = false;
        let is_new = self.stamp != Some(stamp);
        if is_new {
            (self.stamp, self.since, self.has_rested) = (Some(stamp), now, false);
        } else if self.has_rested || now.saturating_sub(self.since) < REST {
            return None;
        } else {
            self.has_rested = true;
        }
        let before = self.digest;
        match self.read(path) {
            None => {
                let is_mended = self.fault.take().is_some();
                (is_mended || self.digest != before).then(|| FolderEvent::Taken(name.to_owned()))
            }
            // It may be half of what is being written.
            Some(_) if !self.has_rested => None,
            Some(problem) => {
                let fault = problem.of_file(name, self.good.is_some());
                let is_told = self.fault.as_ref() == Some(&fault);
                self.fault = Some(fault.clone());
                (!is_told).then_some(FolderEvent::Faulty(fault))
            }
        }
    }

    /// Reads the file; what is wrong with it changes nothing of what was good.
    fn read(&mut self, path: &Path) -> Option<FileProblem> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return Some(FileProblem { line: None, reason: format!("it cannot be read: {error}") }),
        };
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        if self.good.is_some() && digest == self.digest {
            return None;
        }
        match ConnectorFile::read_connector(&bytes, true) {
            Ok(connector) => {
                (self.digest, self.good) = (digest, Some(connector));
                None
            }
            Err(problem) => Some(problem),
        }
    }
}

impl FileProblem {
    fn of_file(self, name: &str, is_kept: bool) -> FileFault {
        FileFault { file: name.to_owned(), line: self.line, reason: self.reason, is_kept }
    }
}

/// Every `.json` file of a folder with what tells its versions apart. One that goes away meanwhile is not there.
fn list(dir: &Path) -> anyhow::Result<BTreeMap<String, Stamp>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        let is_json = path.extension().is_some_and(|ending| ending == "json");
        let name = path.file_name().filter(|_| is_json).map(|name| name.to_string_lossy().into_owned());
        if let (Some(name), Ok(data)) = (name, path.metadata())
            && data.is_file()
        {
            files.insert(name, Stamp::of(&data));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn text(name: &str) -> String {
        format!(
            r#"{{"slug": "shop", "name": "{name}", "kind": "source", "spec": {{"type": "object", "properties": {{}}}}}}"#
        )
    }

    /// A folder, and how long the process lives.
    struct Place {
        dir: tempfile::TempDir,
        folder: Folder,
        now: Duration,
    }

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let folder = Folder::new(dir.path());
            Self { folder, dir, now: Duration::ZERO }
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.dir.path().join(name), text).unwrap();
        }

        fn look(&mut self, passed: Duration) -> Vec<FolderEvent> {
            self.now += passed;
            self.folder.look(self.now)
        }

        fn names(&self) -> Vec<&str> {
            self.folder.connectors().map(|one| one.name()).collect()
        }
    }

    #[test]
    fn a_file_is_taken_in_changed_and_removed() {
        let mut place = Place::new();
        place.folder.begin(Duration::ZERO).unwrap();
        place.write("shop.json", &text("Shop"));
        assert_eq!(place.look(SECOND), [FolderEvent::Taken("shop.json".to_owned())]);
        assert_eq!((place.look(SECOND), place.names()), (vec![], vec!["Shop"]));
        place.write("shop.json", &text("Store"));
        assert_eq!(place.look(SECOND), [FolderEvent::Taken("shop.json".to_owned())]);
        assert_eq!(place.names(), ["Store"]);
        std::fs::remove_file(place.dir.path().join("shop.json")).unwrap();
        assert_eq!((place.look(SECOND), place.names()), (vec![], vec!["Store"]));
        assert_eq!(place.look(SECOND), [FolderEvent::Removed("shop.json".to_owned())]);
        assert!(place.names().is_empty() && place.look(SECOND).is_empty());
    }

    #[test]
    fn half_a_file_changes_nothing_and_is_not_told() {
        let mut place = Place::new();
        place.write("shop.json", &text("Shop"));
        place.folder.begin(Duration::ZERO).unwrap();
        for half in ["", "{", &text("Store")[..40]] {
            place.write("shop.json", half);
            assert_eq!((place.look(SECOND), place.names()), (vec![], vec!["Shop"]), "{half}");
            assert!(place.folder.faults().is_empty());
        }
        place.write("shop.json", &text("Store"));
        assert_eq!(place.look(SECOND / 2), [FolderEvent::Taken("shop.json".to_owned())]);
        // An editor that takes the file away and puts another one there.
        std::fs::remove_file(place.dir.path().join("shop.json")).unwrap();
        assert!(place.look(SECOND).is_empty());
        place.write("shop.json", &text("Store"));
        assert_eq!((place.look(SECOND), place.names()), (vec![], vec!["Store"]));
    }

    #[test]
    fn what_stays_broken_is_told_once_and_the_version_of_before_stays() {
        let mut place = Place::new();
        place.write("good.json", &text("Shop").replace("\"shop\"", "\"good\""));
        place.write("shop.json", &text("Shop"));
        place.folder.begin(Duration::ZERO).unwrap();
        place.write("shop.json", "{\n\"slug\": \"shop\",\n\"name\": 7\n}");
        assert!(place.look(SECOND).is_empty());
        let told = place.look(SECOND);
        let [FolderEvent::Faulty(fault)] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((fault.place().as_str(), fault.is_kept), ("shop.json, line 3", true), "{fault:?}");
        assert!(fault.reason.contains("name") && fault.reason.contains("string"), "{fault:?}");
        assert_eq!((place.look(SECOND), place.names()), (vec![], vec!["Shop", "Shop"]));
        assert_eq!(place.folder.faults(), std::slice::from_ref(fault));
        place.write("shop.json", &text("Store"));
        assert_eq!(place.look(SECOND), [FolderEvent::Taken("shop.json".to_owned())]);
        assert_eq!((place.folder.faults(), place.names()), (vec![], vec!["Shop", "Store"]));
        // Mended to what is in use.
        place.write("shop.json", "{");
        assert!(place.look(SECOND).is_empty() && place.look(SECOND).len() == 1);
        place.write("shop.json", &text("Store"));
        assert_eq!(place.look(SECOND), [FolderEvent::Taken("shop.json".to_owned())]);
        assert!(place.folder.faults().is_empty());
    }

    #[test]
    fn a_file_that_was_never_good_is_left_out_alone() {
        let mut place = Place::new();
        place.write("good.json", &text("Good"));
        place.write("bad.json", &text("Bad").replace("\"source\"", "\"pipe\""));
        place.write("note.txt", "no connector");
        place.folder.begin(Duration::ZERO).unwrap();
        assert_eq!(place.names(), ["Good"]);
        let faults = place.folder.faults();
        assert!(faults.len() == 1 && faults[0].file == "bad.json" && !faults[0].is_kept, "{faults:?}");
        assert!(place.look(SECOND).is_empty() && place.look(SECOND).is_empty(), "it is told once");
    }

    #[test]
    fn a_change_that_leaves_no_trace_in_the_file_s_data_is_seen_after_a_rest() {
        let mut place = Place::new();
        place.write("shop.json", &text("Shop"));
        place.folder.begin(Duration::ZERO).unwrap();
        let seen = place.folder.files.get_mut("shop.json").unwrap();
        // As if it had been written again within one tick of the disk's clock.
        seen.digest = [0; 32];
        assert_eq!(place.look(SECOND), [FolderEvent::Taken("shop.json".to_owned())]);
    }

    #[test]
    fn a_folder_that_cannot_be_listed_takes_nothing_away() {
        let mut place = Place::new();
        place.write("shop.json", &text("Shop"));
        place.folder.begin(Duration::ZERO).unwrap();
        let elsewhere = place.dir.path().with_extension("elsewhere");
        std::fs::rename(place.dir.path(), &elsewhere).unwrap();
        assert!(matches!(place.look(SECOND).as_slice(), [FolderEvent::Faulty(_)]));
        assert_eq!((place.look(SECOND), place.look(SECOND), place.names()), (vec![], vec![], vec!["Shop"]));
        assert_eq!(place.folder.faults().len(), 1);
        std::fs::rename(&elsewhere, place.dir.path()).unwrap();
        assert_eq!((place.look(SECOND), place.folder.faults()), (vec![], vec![]));
    }
}

//! A port that was pasted behind its host goes into the field that ports have of their own, where nobody has put another.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::decode::{DecodeScope, Decoder};
use super::leaf;
use super::place::{FormPlace, MovedText};
use crate::schema::pasted::host_and_port;
use crate::schema::spec::{GroupShape, Node, hosts_and_ports, judge};

/// The value of a port, where the field of ports takes it.
fn port_value(port: &Node, digits: &str) -> Option<Value> {
    leaf::parse(port, digits).ok().flatten().filter(|value| judge(port, value).is_none())
}

impl Decoder<'_> {
    /// The text that stands in a field.
    pub(super) fn text(&self, place: &FormPlace) -> Option<&str> {
        let moved = self.moved_ports.iter().find(|moved| moved.is_of(place));
        moved.map_or_else(|| self.raw.first(place.posted()), |moved| Some(moved.text()))
    }

    /// Looks at the hosts of a group before its fields are read.
    pub(super) fn move_ports(&mut self, group: &GroupShape, place: &FormPlace, scope: DecodeScope<'_>) {
        for (host, port) in hosts_and_ports(&group.fields) {
            let (host_place, port_place) = (place.child(&host.key), place.child(&port.key));
            let is_read = |node: &Node, place: &FormPlace| !node.hidden && self.reaches(node, place);
            if !is_read(host, &host_place) || !is_read(port, &port_place) {
                continue;
            }
            let Some((bare, digits)) = self.raw.first(host_place.posted()).and_then(host_and_port) else { continue };
            if self.shown_text(host, &host_place, scope) == self.raw.first(host_place.posted()).map(str::to_owned) {
                continue;
            }
            let typed = self.raw.first(port_place.posted()).unwrap_or_default().trim();
            let is_untouched = typed.is_empty() || self.shown_text(port, &port_place, scope).as_deref() == Some(typed);
            if (is_untouched || typed == digits) && port_value(port, digits).is_some() {
                let moved = [MovedText::new(&host_place, bare), MovedText::new(&port_place, digits)];
                self.moved_ports.extend(moved);
            }
        }
    }

    /// What the page showed in a field of a group.
    fn shown_text(&self, node: &Node, place: &FormPlace, scope: DecodeScope<'_>) -> Option<String> {
        let known = if scope.fresh { None } else { scope.inside(&node.key).value };
        if known.is_some() && self.known.conceals(place.key()) {
            return None;
        }
        known.or(node.default.as_ref()).map(|value| leaf::text(node, value))
    }
}

/// The settings of a group as a program meant them.
pub(super) fn with_moved_ports<'a>(group: &GroupShape, given: &'a Map<String, Value>) -> Cow<'a, Map<String, Value>> {
    let mut given = Cow::Borrowed(given);
    for (host, port) in hosts_and_ports(&group.fields) {
        let Some(text) = given.get(&host.key).and_then(Value::as_str).map(str::to_owned) else { continue };
        let Some((bare, digits)) = host_and_port(&text) else { continue };
        let Some(value) = port_value(port, digits) else { continue };
        if given.get(&port.key).is_none_or(|said| *said == value) {
            let object = given.to_mut();
            object.insert(host.key.clone(), Value::from(bare));
            object.insert(port.key.clone(), value);
        }
    }
    given
}

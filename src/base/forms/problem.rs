/// One thing that is wrong with one field of a form or a body with a few fixed fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field's name in the form.
    pub field: &'static str,
    /// A stable name for programs.
    pub code: &'static str,
    /// For people, without a full stop; it never quotes what was given.
    pub sentence: &'static str,
}

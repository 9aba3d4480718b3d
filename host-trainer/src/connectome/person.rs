//! Persons of the background, and their scans.

/// A person of the background.
#[derive(Clone, Debug)]
pub struct Person<'a> {
    /// The person's label, for messages.
    pub label: &'a str,
    /// The person's scans.
    pub runs: Vec<Run<'a>>,
}

/// One scan of a person.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The session's name, for messages.
    pub session: &'a str,
    /// Frames x regions, row-major.
    pub frames: &'a [f32],
}

//! The pages of the repository: their links lead somewhere, their commands exist, and their examples run.

mod commands;
mod examples;
mod links;
mod page;

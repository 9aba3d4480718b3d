//! The program command by command: results, and messages about bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_engine;
mod bad_model;
mod bad_output;
mod bad_recipe;
mod bad_recording;
mod compare;
mod completions;
mod connectome;
mod console;
mod convert;
mod cross;
mod degenerate;
mod demo;
mod derive;
mod documents;
mod embed;
mod enrol;
mod enrol_all;
mod evaluate;
mod export;
mod folder;
mod identify;
mod import;
mod input_table;
mod inputs;
mod inspect;
mod interrupted;
mod json_errors;
mod json_schemas;
mod manual;
mod names;
mod new_identity;
mod outputs;
mod person;
mod persons;
mod samples;
#[path = "../schemas/mod.rs"]
mod schemas;
mod secrets;
mod token;
mod train;
mod unusable;
mod vectors;
mod verify_derive;
mod window;

//! The example that talks to a token.

use super::simulated::Simulated;
use crate::folder::Folder;

#[path = "../../../examples/token_client.rs"]
mod token_client;

#[test]
fn the_example_describes_a_token() {
    let folder = Folder::with_model();
    let token = Simulated::start_on_tcp(&folder);
    let line = token_client::describe(&token.port).unwrap();
    assert_eq!(line, format!("{}: Blank, 4 slots, 6 parts sound", token.port));
}

//! What real programs say first over TLS. Their bytes were recorded, so only what is read of them is made here.

use data_encoding::HEXLOWER;
use papermesh_protocol::gateway::hello::{Progress, read};
use serde_json::json;

use crate::{check, committed};

#[test]
fn hellos_of_real_clients_are_read_as_ever() {
    let vectors = committed("client_hello")
        .into_iter()
        .map(|recorded| {
            let bytes = HEXLOWER.decode(recorded["bytes"].as_str().unwrap().as_bytes());
            let Ok(Progress::Done(hello)) = read(&bytes.unwrap()) else {
                panic!("{} is not read", recorded["name"]);
            };
            json!({
                "name": recorded["name"],
                "command": recorded["command"],
                "bytes": recorded["bytes"],
                "server_name": hello.server_name,
                "pipe": hello.offers.pipe,
                "acme": hello.offers.acme,
            })
        })
        .collect();
    check(
        "client_hello",
        "What TLS clients sent to a listener that only listened, and what a gateway reads of it. NAME in `command` \
         is p7k2m9qx.acme.gw.example.",
        vectors,
    );
}

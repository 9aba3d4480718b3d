//! Scans that somebody else adds to an enrolment.

use neural_vault_core::wire::*;
use neural_vault_token_simulator::client::hello;
use neural_vault_token_simulator::flash::Flash;
use neural_vault_token_simulator::*;

#[test]
fn an_enrolment_ends_with_the_session_in_which_it_was_begun() {
    let aligned = bundle();
    let model = aligned.bytes();
    let board = SimBoard::new(Flash::new());
    session(board, model, |client| {
        client.call::<Provision>(&provisioning(model)).unwrap();
        let mut progress = None;
        for (index, scan) in enrolled_scans().iter().enumerate() {
            client.scan(Purpose::Enrol, DIMS.features, scan).unwrap();
            progress = Some(client.call::<EnrolScan>(&EnrolmentScan { first: index == 0 }).unwrap());
        }
        let EnrolmentProgress { scans, prototype } = progress.unwrap();
        let (label, enrolment) = (Label::new("alice").unwrap(), rates());
        let enrolment = Enrolment { label, scans, prototype, ..enrolment };
        // Somebody else opens a session to add scans of their own: those of the owner are gone.
        let (other, _) = hello(None, 99);
        client.exchange(&other).unwrap();
        client.handshake().unwrap();
        client.scan(Purpose::Enrol, DIMS.features, &impostor(1)).unwrap();
        let added = client.call::<EnrolScan>(&EnrolmentScan { first: false }).unwrap();
        assert_eq!(added.scans, 1);
        assert_eq!(
            client.admin::<Enrol, _>(&ADMIN, enrolment).err(),
            Some(Fault::EnrolmentScans.with(1)),
            "the administrator signed three"
        );
    });
}

#[test]
fn an_administrator_who_signs_their_own_count_enrols_no_scan_besides() {
    let aligned = bundle();
    let model = aligned.bytes();
    session(enrolled_board(model), model, |client| {
        let mut sent = 0;
        for scan in enrolled_scans().iter().chain(&(0..200).map(impostor).collect::<Vec<_>>()) {
            client.scan(Purpose::Enrol, DIMS.features, scan).unwrap();
            client.call::<EnrolScan>(&EnrolmentScan { first: sent == 0 }).unwrap();
            sent += 1;
        }
        let signed = Enrolment { label: Label::new("alice").unwrap(), scans: 3, ..rates() };
        let refused = client.admin::<Enrol, _>(&ADMIN, signed).err();
        assert_eq!(refused, Some(Fault::EnrolmentScans.with(sent)));
        assert_eq!(verify(client, SLOT, &impostor(999)), Err(Fault::Rejected.into()));
        verify(client, SLOT, &genuine(9)).unwrap();
    });
}

//! Printers that lie, forget, fall silent or attack.

use papermesh_protocol::remedy::Remedy;

use super::{
    Answer, CancellationToken, DeviceError, Doubt, Duration, FakePrinter, IppAddress, NO_TIME,
    Patience, PrintFailure, device, document, io, job, job_named, mpsc, ordinary, patience, print,
    print_as, printer_whose_job, ticket,
};

#[tokio::test]
async fn a_printer_that_completes_what_it_never_got_is_not_believed() {
    let fake = printer_whose_job(|_| job(9, &[])).await;
    let (_never, silent) = tokio::io::duplex(64);
    let impatient = Patience {
        finish: NO_TIME,
        ..patience()
    };
    let (result, _) = print_as(&fake, impatient, &ticket(), silent).await;
    let Err(PrintFailure::Unknown {
        doubt: Doubt::IncompleteCompletion(_),
        ..
    }) = result
    else {
        panic!("{result:?}")
    };
}

fn nesting_bomb() -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 0, 0, 1, 4, 0x34, 0, 1, b'x', 0, 0];
    for _ in 0..10_000 {
        bytes.extend([0x4a, 0, 0, 0, 1, b'm', 0x34, 0, 0, 0, 0]);
    }
    bytes
}

#[tokio::test]
async fn hostile_answers_are_refused_before_anything_is_sent() {
    let lie = [
        &[2, 0, 0, 0, 0, 0, 0, 1, 4, 0x35, 0, 1, b'x', 0, 4][..],
        &[0xff; 4],
        &[3],
    ]
    .concat();
    let huge = vec![4u8; 300 * 1024];
    for bytes in [nesting_bomb(), lie, huge, vec![], vec![2]] {
        let fake = FakePrinter::start(move |_| Answer::Bytes(bytes.clone())).await;
        let failure = print(&fake).await.0.unwrap_err();
        assert!(
            matches!(
                failure,
                PrintFailure::NotStarted(DeviceError::BadReply { .. })
            ),
            "{failure:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_ipp_printer_is_named() {
    for (text, wanted) in [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "HTTP 404",
        ),
        (
            "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            "use ipp://127.0.0.1:1/ as the output URI",
        ),
        (
            "HTTP/1.1 308 Moved\r\nLocation: https://printer.local/ipp/print\r\nContent-Length: 0\r\n\r\n",
            "use ipps://printer.local:443/ipp/print as the output URI",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi",
            "text/html",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            "requires a password",
        ),
        (
            "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
            "use ipps://",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
    ] {
        let fake = FakePrinter::start(move |_| Answer::Http(text)).await;
        let failure = print(&fake).await.0.unwrap_err();
        let told = failure.in_full().to_string();
        assert!(told.contains(wanted), "{wanted}: {told}");
        assert!(failure.nothing_printed());
    }
}

#[tokio::test]
async fn a_silent_printer_is_not_waited_for_for_ever() {
    let fake = FakePrinter::start(|_| Answer::Silence).await;
    let hurried = Patience {
        call: Duration::from_millis(50),
        wake: NO_TIME,
        ..patience()
    };
    let failure = print_as(&fake, hurried, &ticket(), io::Cursor::new(document()))
        .await
        .0
        .unwrap_err();
    assert!(
        matches!(
            failure,
            PrintFailure::NotStarted(DeviceError::Broken { .. })
        ),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_printer_that_is_off_is_unreachable() {
    let address = {
        let fake = FakePrinter::start(ordinary).await;
        IppAddress {
            port: 1,
            ..fake.address.clone()
        }
    };
    let (sender, _receiver) = mpsc::channel(1);
    let body = io::Cursor::new(document());
    let printed = device(&address, patience())
        .print(&ticket(), body, sender, CancellationToken::new())
        .await;
    assert!(
        matches!(
            printed,
            Err(PrintFailure::NotStarted(DeviceError::Unreachable { .. }))
        ),
        "{printed:?}"
    );
}

#[tokio::test]
async fn a_printer_that_turns_hostile_is_out_of_reach() {
    let fake = printer_whose_job(|asked| match asked.received {
        0 => job(3, &[]),
        _ => Answer::Bytes(nesting_bomb()),
    })
    .await;
    let hurried = Patience {
        unreachable: NO_TIME,
        ..patience()
    };
    let (result, _) = print_as(&fake, hurried, &ticket(), io::Cursor::new(document())).await;
    assert!(
        matches!(
            result,
            Err(PrintFailure::Unknown {
                doubt: Doubt::Unreachable(_),
                ..
            })
        ),
        "{result:?}"
    );
}

#[tokio::test]
async fn after_an_outage_another_job_under_the_number_is_not_ours() {
    let mut outages = 0;
    let fake = printer_whose_job(move |asked| {
        if asked.received == 0 {
            return job(3, &[]);
        }
        outages += 1;
        // Two, since the look that is under way when the document has arrived is not waited for.
        if outages <= 2 {
            Answer::HangUp
        } else {
            job_named(9, &[], "Somebody else's letter")
        }
    })
    .await;
    let (result, _) = print(&fake).await;
    assert!(
        matches!(
            result,
            Err(PrintFailure::Unknown {
                doubt: Doubt::Forgotten,
                ..
            })
        ),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_job_once_recognised_must_stay_recognisable() {
    let mut looks = 0;
    let fake = printer_whose_job(move |asked| {
        looks += usize::from(asked.received > 0);
        if looks <= 3 {
            job(5, &[])
        } else {
            job_named(9, &[], "Somebody else's letter")
        }
    })
    .await;
    let (result, _) = print(&fake).await;
    assert!(
        matches!(
            result,
            Err(PrintFailure::Unknown {
                doubt: Doubt::Forgotten,
                ..
            })
        ),
        "{result:?}"
    );
}

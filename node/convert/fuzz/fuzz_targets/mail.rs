#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| papermesh_convert::rehearse_mail(bytes));

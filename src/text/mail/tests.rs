#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod always;
mod quoted_mail;

use std::fmt::Write;

use super::*;

/// The text that remains, then what was set aside and the warnings.
fn read(body: &str, format: Format) -> String {
    let Cleaned { text, set_aside, warnings, .. } = clean(body, format);
    let mut out = text;
    for SetAside { kind, chars } in set_aside {
        write!(out, "\n[{kind:?} {chars}]").unwrap();
    }
    for warning in warnings {
        write!(out, "\n[{warning}]").unwrap();
    }
    out
}

fn text(body: &str) -> String {
    read(body, Format::Text)
}

/// Asserts that everything stays.
fn assert_stays(body: &str) {
    let lines: Vec<_> = body.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    assert_eq!(text(body), lines.join("\n"));
}

mod signatures {
    use super::*;

    #[test]
    fn after_two_dashes_are_set_aside() {
        insta::assert_snapshot!(text("Screen flickers.\n-- \nEva Blom | Payroll\nwe make it happen, every day and night\n"), @"
        Screen flickers.
        [Signature 58]
        ");
        insta::assert_snapshot!(text("Screen flickers.\n\n--\nEva Blom\nTel: +49 30 1234567\n"), @"
        Screen flickers.
        [Signature 29]
        ");
    }

    #[test]
    fn with_a_complimentary_close_are_set_aside() {
        for close in [
            "Kind regards,\nEva Blom\nHead of Payroll\nExample GmbH, Hauptstr. 5\nTel. +49 30 123456\neva@example.org",
            "Best regards",
            "Thanks,\nEva",
            "Many thanks in advance!\n\neva",
            "Cheers\nEva (Payroll)",
            "Thanks and best regards\nEva",
            "Regards, Eva Blom, HR Applications",
            "Mit freundlichen Grüßen\n\ni. A. Eva Blom",
            "Cordialement,\nÈve",
            "Thank you\nEva\n\nSent from my iPhone",
            "BR Eva",
        ] {
            let body = format!("The screen flickers.\n\n{close}\n");
            let read = clean(&body, Format::Text);
            assert_eq!(read.text, "The screen flickers.", "{close}");
            assert!(read.set_aside.iter().all(|a| a.kind == SetAsideKind::Signature));
        }
    }

    #[test]
    fn in_a_table_are_set_aside() {
        insta::assert_snapshot!(read(
            "<p>Screen flickers.</p><p>Kind regards</p><table><tr><td>Eva Blom<br>Payroll</td><td><img src=l alt=Logo></td></tr></table>",
            Format::Html
        ), @"
        Screen flickers.
        [Signature 43]
        ");
    }

    #[test]
    fn above_a_quote_are_set_aside() {
        insta::assert_snapshot!(text(
            "Still broken.\n\nRegards\nEva\n\nOn Mon, Desk <d@example.org> wrote:\n> Done.\n> Regards\n> Desk"
        ), @"
        Still broken.
        [Signature 10]
        [Quoted 57]
        ");
    }

    #[test]
    fn do_not_take_real_text_with_them() {
        assert_stays("Hello,\nthanks,\nthe new laptop has arrived, but it does not start.\nPlease help.");
        assert_stays("Thanks,\nplease also reset my password");
        assert_stays("Screen flickers.\n\nThanks,\nEva\n\nPS: the phone is dead too");
        assert_stays("Screen flickers.\nThank you\nEva\nSerial: 5CG1234XYZ");
        assert_stays("Please unlock these:\nThanks\nPC-0012\nPC-0013");
        assert_stays("I checked the log.\n--\n$ kt keys list --tenant sbx\nid=9f..21 status=REVOKED");
        assert_stays("Part one.\n--\nPart two is about the scanner, which has been slow for days.");
        assert_stays("Sent from my phone as my laptop does not react any more.");
        assert_stays("Regards,\nthe printer on floor 3 has no toner.");
        assert_stays("Screen flickers.\n\nThanks!");
        assert_stays("Cheers, works now");
    }

    #[test]
    fn marked_in_html_are_kept_where_someone_wrote_a_letter_in_them() {
        let letter = "<p>The screen flickers whenever I open the file.</p>".repeat(20);
        let read = clean(&format!("<div id=Signature>{letter}</div>"), Format::Html);
        assert_eq!(read.set_aside, []);
    }

    #[test]
    fn are_kept_where_nothing_else_is_said() {
        let read = clean("Hi,\n\nThanks,\nEva Blom", Format::Text);
        assert_eq!(read.text, "Hi,\nThanks,\nEva Blom");
        assert_eq!(read.warnings, [Warning::NothingElse]);
    }
}

mod small_print {
    use super::*;

    #[test]
    fn is_set_aside_at_the_end() {
        insta::assert_snapshot!(text(
            "Screen flickers.\n\nKind regards\nEva Blom\n\nThis e-mail is confidential.\n"
        ), @"
        Screen flickers.
        [Signature 20]
        [Disclaimer 28]
        ");
        insta::assert_snapshot!(text(
            "Screen flickers.\nRegards\nEva\nThis email and any attachments are confidential and intended solely for the\n\
             addressee. If you are not the intended recipient, please notify the sender and delete it.\n\n\
             Please consider the environment before printing this e-mail.\n\n\
             Example GmbH, Sitz der Gesellschaft: Berlin, Amtsgericht Charlottenburg HRB 12345"
        ), @"
        Screen flickers.
        [Signature 10]
        [Disclaimer 305]
        ");
        insta::assert_snapshot!(text(
            "Der Monitor flackert.\n\nDiese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat \
             sind, informieren Sie bitte sofort den Absender und vernichten Sie diese E-Mail."
        ), @"
        Der Monitor flackert.
        [Disclaimer 166]
        ");
    }

    #[test]
    fn of_a_gateway_is_set_aside_at_the_head() {
        insta::assert_snapshot!(text(
            "CAUTION: This email originated from outside of the organization. Do not click links unless you know the sender.\n\n\
             My screen flickers."
        ), @"
        My screen flickers.
        [Disclaimer 111]
        ");
    }

    #[test]
    fn is_not_what_a_person_says_of_it() {
        assert_stays("Hello HR,\nplease read.\n\nThis email is confidential. I want to report my manager.");
        assert_stays("Screen flickers.\n\nTreat as confidential.\nEva");
        assert_stays("This email originated from outside banner is shown on internal mails, please fix.");
    }
}

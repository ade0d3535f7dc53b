//! Earlier mail.

use super::*;

#[test]
fn is_set_aside_with_the_line_that_introduces_it() {
    insta::assert_snapshot!(text(
        "It still fails after the restart.\n\nOn Mon, 2 Mar 2026 at 09:12, Service Desk\n\
         <desk@example.org> wrote:\n> Hi Eva,\n>\n>> older\n> please restart.\n"
    ), @"
    It still fails after the restart.
    [Quoted 101]
    ");
}

#[test]
fn is_set_aside_in_other_languages() {
    for introduction in [
        "Am 02.03.2026 um 09:12 schrieb Service Desk <desk@example.org>:",
        "Am Montag schrieb der Service Desk:",
        "Le lun. 2 mars 2026 à 09:12, Service <desk@example.org> a écrit :",
        "El lun, 2 mar 2026 a las 9:12, Mesa (<mesa@example.org>) escribió:",
        "Il giorno lun 2 mar 2026 alle ore 09:12 Eva ha scritto:",
        "Op ma 2 mrt 2026 om 09:12 schreef Eva:",
        "W dniu 2.03.2026 o 09:12, Ewa pisze: napisał:",
        "Den 2 mars 2026 kl. 09:12 skrev Eva:",
        "2026-03-02 9:12 GMT+01:00 Eva <eva@example.org>:",
        "-----Original Message-----",
    ] {
        let body = format!("Es geht wieder nicht.\n\n{introduction}\n> alt\n> alt");
        assert!(text(&body).starts_with("Es geht wieder nicht.\n[Quoted"), "{introduction}");
    }
}

#[test]
fn reaches_to_the_end_after_a_header_of_outlook() {
    insta::assert_snapshot!(text(
        "The laptop still gets hot.\n\n________________________________\nFrom: Desk <d@example.org>\n\
         Sent: Monday, 2 March 2026 09:12\nTo: Eva; Bob;\n Mia\nSubject: RE: Laptop\n\nHi Eva,\nplease clean the fan.\n"
    ), @"
    The laptop still gets hot.
    [Quoted 153]
    ");
    insta::assert_snapshot!(text(
        "Der Laptop wird weiter heiß.\n\nVon: Desk\nGesendet: Montag, 2. März 2026 09:12\nAn: Eva\n\
         Betreff: AW: Laptop\n\nBitte den Lüfter reinigen."
    ), @"
    Der Laptop wird weiter heiß.
    [Quoted 97]
    ");
    insta::assert_snapshot!(text(
        "The laptop still gets hot.\n\n-----Original Message-----\nFrom: Desk\n\nPlease clean the fan."
    ), @"
    The laptop still gets hot.
    [Quoted 57]
    ");
}

#[test]
fn leaves_answers_below_and_between_the_quoted_lines() {
    insta::assert_snapshot!(text(
        "On Mon, 2 Mar 2026 at 09:12, Desk <d@example.org> wrote:\n> Which printer is it?\n\
         The one on floor 3.\n>\n> Since when?\n\nSince the update on Friday.\n"
    ), @"
    The one on floor 3.
    Since the update on Friday.
    [Quoted 78]
    [Quoted 14]
    ");
    insta::assert_snapshot!(text(
        "-----Original Message-----\n> From: Desk\n> Which printer is it?\n\nThe one on floor 3."
    ), @"
    The one on floor 3.
    [Quoted 60]
    ");
}

#[test]
fn is_kept_where_the_message_only_points_at_it() {
    for pointer in [
        "",
        "FYI",
        "Hi team,\n\nsee below please.\n\nKind regards\nEva Blom",
        "Hallo,\n\nbelow what Ralf wrote, I agree with him.\n\nMfG Sieglinde",
        "Could you please take care of this?",
        "Please open a ticket with priority, several regions affected.",
        "Got this, looks fake, did not click. Forwarding as told in the training.",
        "Dear colleagues,",
    ] {
        let body = format!(
            "{pointer}\n\nFrom: Mia\nSent: Monday 09:12\nTo: Eva\nSubject: Beamer\n\nThe beamer in room 4 is dark.\nRegards\nMia Lund"
        );
        let read = clean(&body, Format::Text);
        assert!(read.text.contains("The beamer in room 4 is dark."), "{pointer}: {}", read.text);
        assert!(!read.text.contains("Mia Lund"), "{}", read.text);
        assert_eq!(read.warnings, [Warning::QuoteKept]);
    }
}

#[test]
fn is_kept_where_a_mail_is_forwarded_with_a_few_words() {
    insta::assert_snapshot!(text(
        "Our customer cannot order.\n\n---------- Forwarded message ---------\nFrom: Mia <m@x.example>\nDate: Mon, 2 Mar 2026\n\
         Subject: Shop\n\nThe basket stays empty."
    ), @"
    Our customer cannot order.
    ---------- Forwarded message ---------
    From: Mia <m@x.example>
    Date: Mon, 2 Mar 2026
    Subject: Shop
    The basket stays empty.
    [the quoted mail was kept, because the message says little without it]
    ");
}

#[test]
fn is_not_what_the_writer_cites_after_a_colon() {
    insta::assert_snapshot!(text(
        "I ran this:\n> npm install\n\nand the log says:\n\n> ENOENT\n> exit 1\nWhat now?"
    ), @"
    I ran this:
    npm install
    and the log says:
    ENOENT
    exit 1
    What now?
    ");
}

#[test]
fn is_not_what_the_writer_forwards_by_hand() {
    insta::assert_snapshot!(text(
        "> From: caretaker@example.org\n> the box on the wall again\n\nHello, the switch has no power since noon."
    ), @"
    From: caretaker@example.org
    the box on the wall again
    Hello, the switch has no power since noon.
    ");
    insta::assert_snapshot!(text(
        "The switch has no power since noon.\n\n> From: Eva\n> Date: Monday\n> Subject: switch\n>\n> Which one?"
    ), @"
    The switch has no power since noon.
    [Quoted 55]
    ");
}

#[test]
fn is_not_taken_from_ordinary_sentences() {
    assert_stays("Since 14:00 on 2 March 2026 each mail to press@example.org comes back with:\n550 denied");
    assert_stays("On 2 March 2026 at 9:12 I wrote to desk@example.org, they answered:\ntry again\nI did.");
    assert_stays("On 2 March 2026 at 9:12 your colleague wrote:\ntry again\nI did, in vain.");
    assert_stays("On Monday my colleague wrote:\nthe server is down.\nNobody came.");
    assert_stays("From: Berlin\nTo: Munich\nDate: 3 May\nPlease book a train.");
    assert_stays("From: Csilla\nSent: Tuesday\nTo: Marek\n\nThe tunnel does not reconnect.");
    assert_stays("Load is high\n>50 users cannot log in\nsince 9:00");
    assert_stays("--- part one ---\ntext\n-----\nDear desk, the original message was lost.");
}

#[test]
fn is_found_by_the_markup_of_html_mails() {
    insta::assert_snapshot!(read(
        "<div dir=ltr>It still fails.<div>-- <br></div><div class=gmail_signature>Eva Blom<br>Payroll</div></div>
         <div class=gmail_quote><div class=gmail_attr>On Mon, Eva wrote:</div><blockquote class=gmail_quote>old
         </blockquote><div>And this is my answer.</div></div>",
        Format::Html
    ), @"
    It still fails.
    And this is my answer.
    [Signature 17]
    [Quoted 21]
    ");
    insta::assert_snapshot!(read(
        "<div class=WordSection1><p>New laptop please.</p><p>Best regards,</p><p>Eva Blom<br>Head of Payroll</p>
         <div><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>Von:</b> Desk</p></div></div>
         <p>What do you need?</p></div>",
        Format::Html
    ), @"
    New laptop please.
    [Signature 36]
    [Quoted 26]
    ");
    insta::assert_snapshot!(read(
        "<p>The form shows</p><blockquote>Error 0x80070005</blockquote><p>on Monday Eva wrote:</p>
         <blockquote>old</blockquote>", Format::Html
    ), @"
    The form shows
    Error 0x80070005
    [Quoted 23]
    ");
}

#[test]
fn ends_before_the_answer_in_markdown() {
    insta::assert_snapshot!(read(
        "> Which **printer**?\nThe one on floor 3, see:\n\n> paper jam\n\nKind regards,\nEva", Format::Markdown
    ), @"
    The one on floor 3, see:
    paper jam
    [Quoted 14]
    [Signature 16]
    ");
}

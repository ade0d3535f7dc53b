//! Notices that somebody is away.

use super::phrase::Sentence;

/// What only such a notice says: one of its sentences has to.
const MARKS: [&str; 24] = [
    "^automatic|auto reply|response",
    "^auto-reply",
    "^autoreply",
    "^out of office|the",
    "^ooo",
    "this is an automatic|automated reply|response|message",
    "i am|will .. out of office",
    "i am|will .. out of the office",
    "i am|will .. out sick|today",
    "i am .. on vacation|holiday|leave",
    "i will .. on vacation|holiday|leave",
    "i am|will .. on annual|sick|parental|maternity|paternity|medical|study leave",
    "i am|will .. away|travelling|traveling|attending",
    "i no longer work",
    "i only work",
    "our office is|will .. closed",
    "^abwesenheitsnotiz",
    "bin .. urlaub|abwesend|verreist",
    "bin .. nicht im büro|haus",
    "befinde mich .. urlaub|elternzeit",
    "je suis|serai .. absent|absente|congé|congés|vacances",
    "estoy|estaré .. fuera de la oficina",
    "estoy|estaré .. vacaciones",
    "^réponse|respuesta automatique|automática",
];

/// What the other sentences of a notice say.
const USUAL: [&str; 35] = [
    "i|we will .. reply|respond|answer|return|back|read|check",
    "will return|respond|reply|answer|reopen",
    "back in the office",
    "get back to you",
    "limited|no|without access",
    "thank|thanks .. message|email|mail|contacting|writing",
    "please|kindly .. contact|call|write|email|direct|forward",
    "for .. contact|call|write|email",
    "in urgent cases",
    "if .. urgent .. contact|call|write|email",
    "will not be read|forwarded|monitored",
    "expect .. delay",
    "is covering",
    "you have reached",
    "hello|hi|hey|dear",
    "best|kind|warm regards",
    "regards",
    "^best",
    "^cheers",
    "dank .. nachricht|email|mail",
    "in dringenden fällen",
    "wenden sie sich",
    "wieder erreichbar|da",
    "wird|werden nicht weitergeleitet|gelesen",
    "vertretung",
    "freundlichen|beste|viele grüßen|grüße",
    "hallo|guten",
    "en cas d'urgence",
    "merci de contacter",
    "veuillez contacter",
    "bonjour",
    "para asuntos urgentes",
    "contacte con|a",
    "hola",
    "saludos",
];

/// What a person writes who wants something, whether away or not.
const WANTS: &str = "need needs needed help error errors fail fails failed broken locked crash crashes drops slow \
                     issue problem ticket laptop password account vpn printer router outlook screenshot still but \
                     however unfortunately fetch cancel reset me mich mir brauche leider kaputt fehler";

/// Whether the reply is such a notice and says nothing else.
pub(super) fn only(sentences: &[Sentence]) -> bool {
    let marks = |sentence: &Sentence| MARKS.iter().any(|pattern| sentence.fits(pattern));
    let usual = |sentence: &Sentence| USUAL.iter().any(|pattern| sentence.fits(pattern));
    // A line of names at the end, as below a letter.
    let name = |place: usize, sentence: &Sentence| {
        place + 1 == sentences.len()
            && sentence.words.len() <= 3
            && sentence.words.iter().all(|word| word.named)
    };
    sentences.iter().any(marks)
        && sentences.iter().enumerate().all(|(place, sentence)| {
            (marks(sentence) || usual(sentence) || name(place, sentence)) && !wants(sentence)
        })
}

fn wants(sentence: &Sentence) -> bool {
    // "I will be slow to respond", "thank you for contacting me" and "contact me" are told apart here.
    let harmless =
        sentence.fits("slow to respond|reply|answer") || sentence.fits("contacting|emailing|writing me");
    !harmless && sentence.has_any(WANTS)
}

//! Replies that only say thanks, or that all is well.

use super::phrase::{Sentence, Word};

/// What one language says thanks in: every word of a sentence has to be among them.
struct Language {
    /// Words that say thanks, or that it works: one of them has to be in the reply.
    core: &'static str,
    /// Words that stand beside them.
    filler: &'static str,
    /// Words behind which a name may stand.
    greets: &'static str,
}

const ENGLISH: Language = Language {
    core: "thanks thank thx thanx ty cheers appreciate appreciated obliged grateful works working worked fixed \
           solved resolved sorted perfect brilliant awesome wonderful excellent fantastic trick",
    filler: "a lot so much very many you your for the this that it is are be been was i am we have has got get can \
             now again all everything good great fine nice well lovely super quick quickly fast rapid prompt swift \
             kind help helpful support assistance service reply response answer turnaround update info information \
             job team guys both mate everyone always as usual and to me my our ok okay yes yep did do done just hi \
             hello hey dear morning afternoon evening day weekend week one close closed ticket case request issue \
             problem incident please log in access password account received letting know understanding patience \
             effort efforts time immediately perfectly smoothly today really back up running regards best sincerely \
             bye on with laptop pc computer vpn printer printing email mail outlook phone internet wifi network \
             monitor screen resolving solving fixing sorting out new see guys great sir madam of course confirm \
             confirmed",
    greets: "thanks thank you hi hello hey dear cheers morning afternoon evening regards",
};

const GERMAN: Language = Language {
    core: "danke dank merci funktioniert läuft klappt geklappt gelöst behoben erledigt passt perfekt",
    filler: "vielen herzlichen besten schönen lieben schön schöne sehr super prima klasse toll bestens tausend für \
             die den das der dein deine ihre eure euch ihnen dir ich wir schnelle tolle gute rasche hilfe \
             unterstützung antwort rückmeldung info es alles jetzt nun wieder geht hat ist problem kann ticket \
             geschlossen werden und ein einen schönes schönen wochenende tag abend hallo moin liebe grüße viele \
             freundliche freundlichen grüßen mit ok ja einwandfrei",
    greets: "danke dank hallo moin liebe lieber",
};

const FRENCH: Language = Language {
    core: "merci fonctionne marche parfait résolu réglé",
    filler: "beaucoup bien pour votre ton vos aide rapide réponse rapidité tout toute l'équipe c'est est le la \
             problème bonne journée soirée super à vous infiniment de mille bonjour cordialement maintenant et ok \
             ça",
    greets: "merci bonjour",
};

const SPANISH: Language = Language {
    core: "gracias funciona perfecto resuelto solucionado",
    filler: "muchas mil por la el su tu ayuda ya todo bien rápida respuesta problema está buen día excelente hola \
             saludos ahora muy amable y ok",
    greets: "gracias hola",
};

/// Most words that are taken for names.
const NAMES: usize = 3;
/// Things of which it has to be said that they work.
const THINGS: &str = "access password account laptop pc computer vpn printer printing email mail outlook phone \
                      internet wifi network monitor screen back new up";
/// What says so.
const WELL: &str =
    "works working worked fixed solved resolved sorted running got received log fine good great";
/// What is wrong, unless it is said to be over.
const TROUBLE: &str = "issue problem incident problème problema";
const OVER: &str = "solved resolved fixed sorted resolving solving fixing sorting close closed gelöst behoben \
                    erledigt résolu réglé resuelto solucionado";

/// Whether the reply says thanks, or that all is well, and nothing else.
pub(super) fn only(sentences: &[Sentence]) -> bool {
    [ENGLISH, GERMAN, FRENCH, SPANISH].iter().any(|language| {
        let says_so = sentences.iter().any(|sentence| sentence.has_any(language.core));
        let mut names = NAMES;
        let (last, before) = match sentences {
            [before @ .., close, name] if close.open && is_name(name) => (Some(close), before),
            all => (None, all),
        };
        says_so && before.iter().chain(last).all(|sentence| language.covers(sentence, &mut names))
    })
}

/// Whether it is a name, as it stands below "Thanks,".
fn is_name(sentence: &Sentence) -> bool {
    sentence.words.len() <= NAMES && sentence.words.iter().all(|word| word.named)
}

impl Language {
    fn covers(&self, sentence: &Sentence, names: &mut usize) -> bool {
        if sentence.fits("no further|more questions|issues") && sentence.words.len() <= 5 {
            return true;
        }
        let mut before: Option<&Word> = None;
        for word in &sentence.words {
            let known = is_among(self.core, &word.plain) || is_among(self.filler, &word.plain);
            if !known {
                let greeted = before.is_some_and(|before| is_among(self.greets, &before.plain));
                if !word.named || !(greeted || word.after_comma) || *names == 0 {
                    return false;
                }
                *names -= 1;
            }
            before = Some(word);
        }
        !asks(sentence) && !complains(sentence)
    }
}

fn is_among(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

/// Whether a sentence of harmless words asks for something: only closing the ticket may be asked for.
fn asks(sentence: &Sentence) -> bool {
    let closes = sentence.has_any("close closed") && sentence.has_any("ticket case request issue incident");
    let asked = sentence.has("please") || sentence.fits("can you") || sentence.has("close");
    // A question that lacks its mark begins with its verb.
    let questions =
        sentence.fits("^is|are|was|have|has|can|do|did it|this|that|everything|all|my|the|you|we|i");
    questions || (asked && !closes)
}

/// Whether a sentence of harmless words tells of trouble: a problem that is not said to be over, something that
/// was working, a thing of which nothing good is said.
fn complains(sentence: &Sentence) -> bool {
    let trouble = sentence.has_any(TROUBLE) && !sentence.has_any(OVER);
    let was = sentence.fits("was|been working");
    let things: Vec<&str> = THINGS.split_whitespace().collect();
    let thing = sentence.words.iter().any(|word| things.contains(&word.plain.as_str()));
    // "VPN is back", but not "it is back", which may be the problem.
    let returned = sentence.fits("it|this|that is back") && !sentence.fits("back up|running");
    let back = sentence.fits("is|are back");
    let well = sentence.has_any(WELL) || back || sentence.fits("have access");
    trouble || was || returned || (thing && !well)
}

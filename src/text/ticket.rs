//! How the parts of a ticket or a survey answer are put together for the encoder, in training and in
//! service alike.

/// Subject and cleaned body as one text; either may be empty.
pub fn with_subject(subject: &str, body: &str) -> String {
    let (subject, body) = (subject.trim(), body.trim());
    match (subject.is_empty(), body.is_empty()) {
        (true, _) => body.to_string(),
        (_, true) => subject.to_string(),
        _ => format!("{subject}\n{body}"),
    }
}

/// The words of a survey's question: for the codes that survey tools know what they usually ask, else
/// the question itself; `None` where nothing was asked.
pub fn survey_question(question: &str) -> Option<&str> {
    match question.trim() {
        "" | "none" => None,
        "why_score" => Some("Why did you give this score?"),
        "improve" => Some("What could we improve?"),
        "nps" => Some("How likely are you to recommend us, and why?"),
        "anything_else" => Some("Is there anything else you would like to tell us?"),
        words => Some(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_subject_or_body_leaves_no_gap() {
        assert_eq!(with_subject(" Printer ", "jams"), "Printer\njams");
        assert_eq!(with_subject("", "jams"), "jams");
        assert_eq!(with_subject("Printer", " "), "Printer");
    }

    #[test]
    fn a_question_may_be_a_code_or_its_own_words() {
        assert_eq!(survey_question("improve"), Some("What could we improve?"));
        assert_eq!(survey_question("How was Ana?"), Some("How was Ana?"));
        assert_eq!(survey_question("none"), None);
    }
}

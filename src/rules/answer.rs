//! Checks a module's answers before they are used: the right number of answers, readable reasons, limited length.

use super::{Delivery, Fault, Limits, Outcome, Reason, Verdict};

/// Longest code. It is a word for machines, such as `weekly-hours`.
const CODE_CHARS: usize = 64;

pub fn verdicts(
    answer: Vec<Verdict>,
    asked: usize,
    limits: &Limits,
) -> Result<Vec<Verdict>, Fault> {
    counted(answer.len(), asked, "verdicts")?;
    answer
        .into_iter()
        .map(|verdict| verdict_of(verdict, limits))
        .collect()
}

pub fn deliveries(
    answer: Vec<Delivery>,
    asked: usize,
    limits: &Limits,
) -> Result<Vec<Delivery>, Fault> {
    counted(answer.len(), asked, "deliveries")?;
    answer
        .into_iter()
        .map(|delivery| match delivery {
            Delivery::Suppress(why) => {
                sentence(why, "a reason", limits.sentence_chars).map(Delivery::Suppress)
            }
            now_or_digest => Ok(now_or_digest),
        })
        .collect()
}

fn counted(given: usize, asked: usize, what: &str) -> Result<(), Fault> {
    if given == asked {
        return Ok(());
    }
    Err(Fault::WrongAnswer(format!(
        "it gave {given} {what} instead of {asked}"
    )))
}

fn verdict_of(verdict: Verdict, limits: &Limits) -> Result<Verdict, Fault> {
    let Verdict { outcome, reasons } = verdict;
    if reasons.is_empty() && outcome != Outcome::Eligible {
        return Err(Fault::WrongAnswer(
            "a verdict other than eligible needs a reason".into(),
        ));
    }
    if reasons.len() > limits.reasons {
        return Err(Fault::WrongAnswer(format!(
            "a verdict has {} reasons; {} are allowed",
            reasons.len(),
            limits.reasons
        )));
    }
    let reasons = reasons
        .into_iter()
        .map(|one| reason(one, limits))
        .collect::<Result<_, _>>()?;
    Ok(Verdict { outcome, reasons })
}

fn reason(reason: Reason, limits: &Limits) -> Result<Reason, Fault> {
    let fine = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let length = reason.code.chars().count();
    if length == 0 || length > CODE_CHARS || !reason.code.chars().all(fine) {
        return Err(Fault::WrongAnswer(format!(
            "a reason's code must be 1 to {CODE_CHARS} letters, digits and hyphens"
        )));
    }
    let message = sentence(reason.message, "a reason's message", limits.sentence_chars)?;
    if message.is_empty() {
        return Err(Fault::WrongAnswer("a reason has no message".into()));
    }
    let remedy = reason
        .remedy
        .map(|remedy| sentence(remedy, "a reason's remedy", limits.sentence_chars))
        .transpose()?
        .filter(|remedy| !remedy.is_empty());
    Ok(Reason {
        code: reason.code,
        message,
        remedy,
    })
}

/// Text for a person: one line, no control characters, at most `most` characters.
pub fn sentence(text: String, what: &str, most: usize) -> Result<String, Fault> {
    let length = text.chars().count();
    if length > most {
        return Err(Fault::WrongAnswer(format!(
            "{what} has {length} characters; {most} are allowed"
        )));
    }
    if !text.contains(char::is_control) {
        return Ok(text);
    }
    let line: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    Ok(line.trim().to_owned())
}

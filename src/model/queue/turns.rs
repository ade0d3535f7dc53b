//! The lane of requests: each caller's texts in their order, one text of each caller in turn, so that who sends many
//! does not hold up who sends one (round robin, as RFC 970 proposes for packets).

use std::collections::VecDeque;

use super::Job;

/// What a caller's waiting texts may cost, in terms of the tokens that are still free (dynamic thresholds:
/// Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998): one alone has three quarters of all.
const FAIR: usize = 3;

/// One caller's waiting texts.
#[derive(Debug)]
struct Line {
    /// Who; all who need not say stand in one line.
    who: Option<String>,
    jobs: VecDeque<Job>,
    tokens: usize,
}

/// Texts that wait, by caller.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The next is in front; nobody stands here without a text.
    lines: VecDeque<Line>,
    tokens: usize,
}

impl Turns {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Tokens of all texts that wait.
    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    /// How many tokens too many `cost` more would be for this caller beside the others, of `max` for all; 0 if they
    /// fit. Whoever has nothing waiting may take all that is free, and where nothing waits at all anything fits, so
    /// that no request is too large for ever.
    pub(super) fn too_many(&self, who: Option<&str>, cost: usize, max: usize) -> usize {
        if self.is_empty() {
            return 0;
        }
        let beyond = (self.tokens + cost).saturating_sub(max);
        let mine = self.lines.iter().find(|line| line.who.as_deref() == who).map_or(0, |line| line.tokens);
        if beyond > 0 || mine == 0 || who.is_none() {
            return beyond;
        }
        (mine + cost).saturating_sub(FAIR * (max - self.tokens - cost))
    }

    pub(super) fn extend(&mut self, who: Option<String>, jobs: Vec<Job>) {
        let cost: usize = jobs.iter().map(|job| job.tokens.ids.len()).sum();
        self.tokens += cost;
        match self.lines.iter_mut().find(|line| line.who == who) {
            Some(line) => {
                line.jobs.extend(jobs);
                line.tokens += cost;
            }
            None if jobs.is_empty() => {}
            None => self.lines.push_back(Line { who, jobs: jobs.into(), tokens: cost }),
        }
    }

    /// Tokens of the next text.
    pub(super) fn next_cost(&self) -> Option<usize> {
        Some(self.lines.front()?.jobs.front()?.tokens.ids.len())
    }

    /// The next text; its caller goes to the end.
    pub(super) fn pop(&mut self) -> Option<Job> {
        let mut line = self.lines.pop_front()?;
        let job = line.jobs.pop_front()?;
        let cost = job.tokens.ids.len();
        self.tokens -= cost;
        line.tokens -= cost;
        if !line.jobs.is_empty() {
            self.lines.push_back(line);
        }
        Some(job)
    }
}

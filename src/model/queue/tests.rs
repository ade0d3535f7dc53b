#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

fn job(tokens: usize) -> (Job, oneshot::Receiver<Reply>) {
    let (reply, receiver) = oneshot::channel();
    let tokens = Tokens { ids: vec![1; tokens], type_ids: vec![0; tokens], truncated: false };
    (Job { tokens, reply }, receiver)
}

fn batch(queue: &Queue, budget: usize) -> Vec<Job> {
    match queue.take(budget, None) {
        Some(Task::Read(jobs)) => jobs,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_queue_refuses_and_says_when_to_come_back() {
    let queue = Queue::new(100, 1);
    queue.finish(&Arc::default(), 100, Duration::from_secs(2));
    let (first, _keep) = job(80);
    queue.push(None, vec![first]).unwrap();
    let (second, _keep) = job(120);
    let refused = queue.push(None, vec![second]).unwrap_err();
    // A hundred tokens too many, at fifty a second.
    assert!(matches!(refused, ModelError::Overloaded { retry_after_s: 2 }), "{refused}");
    assert_eq!(queue.queued_tokens(), 80);
}

#[test]
fn an_empty_queue_admits_a_request_larger_than_its_bound() {
    let queue = Queue::new(100, 1);
    let (large, _keep) = job(500);
    queue.push(None, vec![large]).unwrap();
}

#[test]
fn a_job_whose_caller_has_gone_costs_nothing() {
    let queue = Queue::new(100, 1);
    let (gone, receiver) = job(10);
    drop(receiver);
    let (wanted, _keep) = job(20);
    queue.push(None, vec![gone, wanted]).unwrap();
    let batch = batch(&queue, 1);
    assert_eq!(batch.len(), 1);
    assert_eq!(batch[0].tokens.ids.len(), 20);
    assert_eq!(queue.queued_tokens(), 0);
}

#[test]
fn requests_pass_bulk_work() {
    let queue = Queue::new(100, 1);
    let (bulk, _keep) = job(5);
    queue.push_bulk(vec![bulk]).unwrap();
    let (request, _keep_too) = job(7);
    queue.push(None, vec![request]).unwrap();
    assert_eq!(batch(&queue, 1)[0].tokens.ids.len(), 7);
    assert_eq!(batch(&queue, 1)[0].tokens.ids.len(), 5);
}

#[test]
fn what_can_be_done_without_is_refused_where_requests_and_bulk_work_fill_the_queue_and_lets_requests_pass() {
    let queue = Queue::new(100, 1);
    let (spare, _keep) = job(60);
    queue.push_spare(vec![spare]).unwrap();
    let (request, _keep_too) = job(30);
    queue.push(None, vec![request]).unwrap();
    let (more, _gone) = job(11);
    assert!(matches!(queue.push_spare(vec![more]), Err(ModelError::Overloaded { .. })));
    assert_eq!(batch(&queue, 1)[0].tokens.ids.len(), 30);
    assert_eq!(batch(&queue, 1)[0].tokens.ids.len(), 60);
}

#[test]
fn a_worker_takes_no_more_than_its_budget_but_for_a_text_that_is_longer() {
    let queue = Queue::new(1_000, 1);
    let (jobs, _keep): (Vec<_>, Vec<_>) = [30, 30, 30, 30, 200, 30].into_iter().map(job).unzip();
    queue.push(None, jobs).unwrap();
    let lengths = || batch(&queue, 100).iter().map(|job| job.tokens.ids.len()).collect::<Vec<_>>();
    assert_eq!([lengths(), lengths(), lengths(), lengths()], [vec![30; 3], vec![30], vec![200], vec![30]]);
}

#[test]
fn a_worker_leaves_the_others_their_share_though_they_are_still_at_work() {
    let queue = Queue::new(1_000, 4);
    let (jobs, _keep): (Vec<_>, Vec<_>) = (0..8).map(|_| job(30)).unzip();
    queue.push(None, jobs).unwrap();
    let counts: Vec<usize> = (0..7).map(|_| batch(&queue, 256).len()).collect();
    assert_eq!(counts, [2, 1, 1, 1, 1, 1, 1], "two of eight, then too few to share the weights");
}

#[test]
fn a_lone_text_calls_idle_workers_to_help_until_it_is_read() {
    let queue = Queue::new(100, 2);
    let leader = Arc::new(Team::default());
    std::thread::scope(|scope| {
        let helper = scope.spawn(|| queue.take(100, None));
        while queue.lock().idle == 0 {
            std::thread::yield_now();
        }
        // Put in without waking the helper, who would take it himself.
        let (text, _keep) = job(40);
        queue.lock().interactive.extend(None, vec![text]);
        assert!(matches!(queue.take(100, Some(&leader)), Some(Task::Read(_))));
        assert!(matches!(helper.join().unwrap(), Some(Task::Help(team)) if Arc::ptr_eq(&team, &leader)));
        queue.finish(&leader, 40, Duration::from_millis(1));
        assert!(queue.lock().teams.is_empty());
    });
}

#[test]
fn a_closed_queue_works_off_what_it_accepted() {
    let queue = Queue::new(100, 1);
    let (accepted, _keep) = job(10);
    queue.push(None, vec![accepted]).unwrap();
    queue.close();
    let (late, _keep) = job(10);
    assert!(matches!(queue.push(None, vec![late]), Err(ModelError::Stopped)));
    assert_eq!(batch(&queue, 100).len(), 1);
    assert!(queue.take(100, None).is_none());
}

fn of(who: &str) -> Option<String> {
    Some(who.to_owned())
}

#[test]
fn who_sends_one_text_does_not_wait_for_all_of_who_sends_many() {
    let queue = Queue::new(1_000, 1);
    let (many, _keep): (Vec<_>, Vec<_>) = (0..10).map(|_| job(30)).unzip();
    queue.push(of("key:a"), many).unwrap();
    let (one, _keep_too) = job(7);
    queue.push(of("key:b"), vec![one]).unwrap();
    let lengths: Vec<usize> = (0..11).map(|_| batch(&queue, 1)[0].tokens.ids.len()).collect();
    assert_eq!(lengths, [30, 7, 30, 30, 30, 30, 30, 30, 30, 30, 30]);
    assert_eq!(queue.queued_tokens(), 0);
}

#[test]
fn one_caller_cannot_fill_the_queue_and_whoever_comes_next_finds_room() {
    let queue = Queue::new(1_000, 1);
    let mut keep = Vec::new();
    let mut push = |who: Option<String>| {
        let (text, receiver) = job(50);
        keep.push(receiver);
        queue.push(who, vec![text]).is_ok()
    };
    assert_eq!((0..30).filter(|_| push(of("key:a"))).count(), 15, "three quarters of the twenty places");
    assert_eq!((0..30).filter(|_| push(of("key:b"))).count(), 3, "three quarters of what is left");
    assert!(push(of("key:c")), "who has nothing waiting takes what is free");
    assert!(push(None) && !push(None), "until all is taken");
}

proptest::proptest! {
    #[test]
    fn every_text_that_was_admitted_comes_out_once_and_in_its_callers_order(
        texts in proptest::collection::vec((0..4_usize, 1..60_usize, proptest::bool::ANY), 1..80),
    ) {
        let queue = Queue::new(500, 1);
        let (mut keep, mut admitted, mut taken) = (Vec::new(), [const { Vec::new() }; 4], [const { Vec::new() }; 4]);
        let mut take = || {
            for job in batch(&queue, 1) {
                taken[job.tokens.type_ids[0] as usize].push(job.tokens.ids.len());
            }
        };
        for (caller, tokens, takes) in texts {
            let (mut text, receiver) = job(tokens);
            keep.push(receiver);
            text.tokens.type_ids.fill(caller as u32);
            let who = (caller > 0).then(|| caller.to_string());
            if queue.push(who, vec![text]).is_ok() {
                admitted[caller].push(tokens);
            }
            proptest::prop_assert!(queue.queued_tokens() <= 500);
            if takes && queue.has_work() {
                take();
            }
        }
        while queue.queued_tokens() > 0 {
            take();
        }
        proptest::prop_assert_eq!(admitted, taken);
    }
}

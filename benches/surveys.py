#!/usr/bin/env python3
"""Comments of patients: the bundle's sentiment beside VADER, on a survey that nothing was trained on.

    pip install vaderSentiment==3.3.2
    python3 benches/surveys.py --input ../shared/data/surveys/nhs_patient_survey.jsonl --deskhand target/release/deskhand

Reads the rows of the official test split, which know three classes: of the bundle's four, mixed is left out
and the likeliest of the others counts. VADER's compound score counts as neutral between -.05 and .05, as its
authors say. TF-IDF + logistic regression is fitted on the survey's own train split, where scikit-learn is at
hand: a baseline that has seen the survey, as neither of the others has.
"""
import argparse
import json
import subprocess
from collections import Counter

import jsonl

CLASSES = ["negative", "neutral", "positive"]
# The survey's keys in words, as a helpdesk would send its question.
QUESTIONS = {"could_improve": "What could we improve?", "what_good": "What was good?"}


def figures(truth, said):
    scores = []
    for label in CLASSES:
        hit = sum(t == s == label for t, s in zip(truth, said))
        scores.append(2 * hit / max(1, truth.count(label) + said.count(label)))
    right = sum(t == s for t, s in zip(truth, said))
    return right / len(truth), sum(scores) / len(scores), scores


def deskhand(program, model, rows):
    asked = lambda row: {"question": QUESTIONS[row["question"]]} if row["question"] in QUESTIONS else {}
    lines = "".join(json.dumps({"text": row["text"]} | asked(row)) + "\n" for row in rows)
    command = [program, "sentiment", "--input", "-"] + (["--model", model] if model else [])
    output = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True).stdout
    said = []
    for line in output.splitlines():
        scores = json.loads(line)["sentiment"]["scores"]
        said.append(max(CLASSES, key=lambda label: scores[label]))
    return said


def vader(rows):
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    compound = (analyzer.polarity_scores(row["text"])["compound"] for row in rows)
    return ["positive" if c >= 0.05 else "negative" if c <= -0.05 else "neutral" for c in compound]


def tfidf(train, rows):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    text = lambda row: f"{row['question']} {row['text']}"
    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
    model = LogisticRegression(C=10, max_iter=1000)
    model.fit(vectorizer.fit_transform(map(text, train)), [row["label"] for row in train])
    return list(model.predict(vectorizer.transform(map(text, rows))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True, help="JSON Lines with text, question, label and split")
    parser.add_argument("--deskhand", default="target/release/deskhand", help="the program")
    parser.add_argument("--model", help="bundle, if not the default one")
    arguments = parser.parse_args()
    comments = jsonl.rows(arguments.input)
    test = [row for row in comments if row["split"] == "test"]
    truth = [row["label"] for row in test]
    print(f"{len(test)} comments: {dict(Counter(truth))}")
    print(f"{'':<28} accuracy macro-F1   F1 of {', '.join(CLASSES)}")
    for name, say in [
        ("deskhand", lambda: deskhand(arguments.deskhand, arguments.model, test)),
        ("VADER", lambda: vader(test)),
        ("TF-IDF, fitted on its train", lambda: tfidf([row for row in comments if row["split"] == "train"], test)),
    ]:
        try:
            said = say()
        except ImportError as missing:
            print(f"{name:<28} not measured: {missing}")
            continue
        accuracy, macro, scores = figures(truth, said)
        print(f"{name:<28} {accuracy:8.3f} {macro:8.3f}   " + " ".join(f"{score:.3f}" for score in scores))


if __name__ == "__main__":
    main()

"""The words that simulated models put their replies together from. `TOPIC` stands for a word of the prompt."""

from __future__ import annotations

GREETINGS = (
    "Hello! What would you like to work on?",
    "Hi there — how can I help?",
    "Hello! Ask me anything; I answer quickly and always the same way.",
)
OPENINGS = (
    "Short answer: ",
    "Good question. ",
    "Here is how I would look at it: ",
    "In practice, ",
    "Two things matter here. First, ",
)
SENTENCES = (
    "TOPIC is easiest to reason about when each step has one owner and one reason to change.",
    "Start small, measure, and keep what the numbers support — a guess costs more than a benchmark.",
    "With TOPIC the usual trap is to cache too early; the second is never to invalidate.",
    "You can treat TOPIC as a pipeline: parse → decide → act, and only the last part touches the world.",
    "A café analogy helps: one queue, several baristas, and nobody asks for the same cup twice.",
    "If TOPIC fails halfway, make the retry safe before you make it fast.",
    "The naïve version is about forty lines, and most of them are error handling.",
    "Prefer boring names; TOPIC will be read far more often than it is written.",
    "Write the failing test first, then the smallest change that makes it pass.",
    "That depends on how often TOPIC changes: daily is fine, every request is not.",
)
THOUGHTS = (
    "The person wants something practical, so I should keep this concrete.",
    "Let me check the edge cases first: empty input, repeated input, and one very long line.",
    "There are two readings of the question; the second one is more likely.",
    "I should mention the cost before the benefit, since that is what decides it.",
)
CLOSINGS = (
    "Tell me a little more about your setup and I can be more exact.",
    "If you want, I can turn this into a checklist.",
    "That should get you most of the way.",
    "Shall I go deeper into one of these?",
)
CODE = (
    '```python\ndef handle_TOPIC(items: list[str]) -> dict[str, int]:\n    """Count what we have seen."""\n'
    "    seen: dict[str, int] = {}\n    for item in items:\n        seen[item] = seen.get(item, 0) + 1\n"
    "    return seen\n```",
    "```sh\n# see what changed, then decide\ngit log --oneline -5 -- TOPIC\ngit diff --stat HEAD~1\n```",
    '```json\n{"name": "TOPIC", "enabled": true, "retries": 3}\n```',
)
LOREM = (
    *("lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipisicing", "elit", "sed", "do", "eiusmod"),
    *("tempor", "incididunt", "ut", "labore", "et", "dolore", "magna", "aliqua", "enim", "ad", "minim", "veniam"),
    *("quis", "nostrud", "exercitation", "ullamco", "laboris", "nisi", "aliquip", "ex", "ea", "commodo"),
)

"""The names and prices that Puter's simulated catalogue is generated from. Prices are US cents a million tokens."""

from __future__ import annotations

# name, dated id, input, cached, output, context, longest output, knowledge, released, more aliases
CLAUDE = (
    ("claude-fable-5", "", 1000, 5000, 1_000_000, 128_000, None, "2026-06-09",
     ("claude-fable", "claude-fable-latest")),
    ("claude-haiku-4-5", "claude-haiku-4-5-20251001", 100, 500, 200_000, 64_000, "2025-02-28", "2025-10-15",
     ("claude-haiku", "claude-haiku-latest", "claude-haiku-4.5-latest", "claude-haiku-4.5", "claude-4-5-haiku")),
    ("claude-opus-4-5", "claude-opus-4-5-20251101", 500, 2500, 200_000, 64_000, "2025-03-31", "2025-11-01",
     ("claude-opus-4-5-latest", "claude-opus-4.5")),
    ("claude-opus-4-6", "", 500, 2500, 1_000_000, 128_000, "2025-05", "2026-02-05", ("claude-opus-4.6",)),
    ("claude-opus-4-7", "", 500, 2500, 1_000_000, 128_000, "2026-01", "2026-04-16", ("claude-opus-4.7",)),
    ("claude-opus-4-8", "", 500, 2500, 1_000_000, 128_000, "2026-01", "2026-05-28", ("claude-opus-4.8",)),
    ("claude-opus-5", "", 500, 2500, 1_000_000, 128_000, "2026-05", "2026-07-24",
     ("claude-opus", "claude-opus-latest")),
    ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", 300, 1500, 200_000, 64_000, "2025-07-31", "2025-09-29",
     ("claude-sonnet-4.5",)),
    ("claude-sonnet-4-6", "", 300, 1500, 1_000_000, 64_000, "2025-08", "2026-02-17", ("claude-sonnet-4.6",)),
    ("claude-sonnet-5", "", 300, 1500, 1_000_000, 64_000, None, "2026-06-30",
     ("claude-sonnet", "claude-sonnet-latest")),
)  # fmt: skip
OPENAI = (
    ("gpt-4.1", "", 200, 50, 800, 1_047_576, 32_768, "2024-04", "2025-04-14"),
    ("gpt-4.1-mini", "", 40, 10, 160, 1_047_576, 32_768, "2024-04", "2025-04-14"),
    ("gpt-4.1-nano", "", 10, 2, 40, 1_047_576, 32_768, "2024-04", "2025-04-14"),
    ("gpt-4o", "", 250, 125, 1000, 128_000, 16_384, "2023-09", "2024-05-13"),
    ("gpt-4o-mini", "", 15, 8, 60, 128_000, 16_384, "2023-09", "2024-07-18"),
    ("gpt-5", "gpt-5-2025-08-07", 125, 13, 1000, 128_000, 128_000, "2024-09-30", "2025-08-07"),
    ("gpt-5-mini", "gpt-5-mini-2025-08-07", 25, 3, 200, 128_000, 128_000, "2024-05-30", "2025-08-07"),
    ("gpt-5-nano", "gpt-5-nano-2025-08-07", 5, 1, 40, 128_000, 128_000, "2024-05-30", "2025-08-07"),
    ("gpt-5.1", "", 125, 13, 1000, 128_000, 128_000, "2024-09-30", "2025-11-13"),
    ("gpt-5.2", "gpt-5.2-2025-12-11", 175, 17.5, 1400, 128_000, 128_000, "2025-08-31", "2025-12-11"),
    ("gpt-5.4", "gpt-5.4-2026-03-05", 250, 25, 1500, 1_050_000, 1_050_000, "2025-08-31", "2026-03-05"),
    ("gpt-5.4-nano", "", 20, 2, 125, 400_000, 128_000, "2025-08-31", "2026-03-19"),
    ("gpt-5.5", "gpt-5.5-2026-04-23", 500, 50, 3000, 1_050_000, 128_000, "2025-12-01", "2026-04-23"),
    ("o1", "", 1500, 750, 6000, 200_000, 100_000, "2023-09", "2024-12-05"),
    ("o3", "", 200, 50, 800, 200_000, 100_000, "2024-05", "2025-04-16"),
    ("o3-mini", "", 110, 55, 440, 200_000, 100_000, "2024-05", "2024-12-20"),
    ("o4-mini", "", 110, None, 440, 200_000, 100_000, "2024-05", "2025-04-16"),
)
OPENAI_RESPONSES = (
    ("gpt-5-pro", "", 1500, None, 12000, 400_000, 272_000, "2025-10", "2025-10-06"),
    ("gpt-5.2-pro", "gpt-5.2-pro-2025-12-11", 2100, None, 16800, 128_000, 16_384, "2025-08-31", "2025-12-11"),
    ("gpt-5.3-codex", "", 175, 17.5, 1400, 128_000, 128_000, "2025-08-31", None),
    ("gpt-5.4-mini", "", 75, 7.5, 450, 400_000, 128_000, "2025-08-31", None),
    ("gpt-5.4-pro", "", 3000, None, 18000, 1_050_000, 128_000, "2025-08-31", "2026-03-05"),
    ("gpt-5.5-pro", "gpt-5.5-pro-2026-04-23", 3000, 3000, 18000, 1_050_000, 128_000, "2025-12-01", "2026-04-23"),
    ("gpt-5.6-luna", "", 20, 2, 120, 1_050_000, 128_000, "2026-02-16", None),
    ("gpt-5.6-sol", "", 500, 50, 3000, 1_050_000, 128_000, "2026-02-16", None),
    ("gpt-5.6-terra", "", 200, 20, 1200, 1_050_000, 128_000, "2026-02-16", None),
    ("o3-pro", "", 2000, 50, 8000, 200_000, 100_000, "2024-05", "2025-06-10"),
)
# provider, vendor, then names with input and output price
OTHERS = (
    ("gemini", "google", (("gemini-2.5-flash", 30, 250), ("gemini-2.5-pro", 125, 1000), ("gemini-3-flash", 50, 300),
                          ("gemini-3-pro", 200, 1200), ("gemini-3.1-flash-lite", 10, 40))),
    ("deepseek", "deepseek", (("deepseek-chat", 27, 110), ("deepseek-reasoner", 55, 219))),
    ("mistral", "mistralai", (("mistral-large-latest", 200, 600), ("mistral-small-latest", 10, 30),
                              ("codestral-latest", 30, 90), ("devstral-medium-latest", 40, 200))),
    ("xai", "x-ai", (("grok-4", 300, 1500), ("grok-4-fast", 20, 50), ("grok-code-fast-1", 20, 150))),
    ("groq", "groq", (("llama-3.1-8b-instant", 5, 8), ("llama-3.3-70b-versatile", 59, 79))),
    ("moonshotai", "moonshotai", (("kimi-k2.5", 60, 300), ("kimi-k2-turbo", 115, 800))),
    ("zai", "z-ai", (("glm-4.7", 60, 220), ("glm-5", 100, 320))),
    ("minimax", "minimax", (("minimax-m2.5", 30, 120),)),
    ("alibaba", "qwen", (("qwen3-max", 120, 600), ("qwen3-coder-plus", 100, 500), ("qwen-flash", 5, 40))),
    ("together-ai", "togethercomputer", (("togethercomputer-llama-3.3-70b-turbo", 88, 88),
                                         ("togethercomputer-qwen3-80b", 15, 150))),
)  # fmt: skip
FALLBACKS = (
    "xiaomi/mimo-v2-flash", "deepseek/deepseek-r1-0528", "mistralai/devstral-2512", "qwen/qwen3-coder",
    "mistralai/devstral-small-2505", "qwen/qwen2.5-coder-32b-instruct", "google/gemini-2.0-flash-exp",
    "meta-llama/llama-4-maverick", "meta-llama/llama-4-scout", "meta-llama/llama-3.3-70b-instruct",
    "qwen/qwen3-235b-a22b", "qwen/qwen3-30b-a3b", "deepseek/deepseek-chat-v3.1",
    "nvidia/llama-3.1-nemotron-ultra-253b-v1", "openai/gpt-oss-120b", "openai/gpt-oss-20b",
    "google/gemma-3-27b-it", "mistralai/mistral-small-3.2-24b-instruct",
)  # fmt: skip
# vendor: families and the sizes and editions they come in on OpenRouter
OPENROUTER = (
    ("qwen", ("qwen3", "qwen3.5", "qwen2.5-coder", "qwen3-vl"), ("0.6b", "4b", "8b", "14b", "32b", "72b", "80b-a3b")),
    ("meta-llama", ("llama-3.1", "llama-3.2", "llama-3.3", "llama-4"), ("1b", "3b", "8b", "11b", "70b", "405b")),
    ("mistralai", ("mistral-small", "mistral-medium", "mistral-large", "ministral", "magistral"),
     ("2409", "2501", "2505", "2512")),
    ("google", ("gemma-2", "gemma-3", "gemma-3n", "gemini-2.5", "gemini-3"), ("2b", "9b", "27b", "flash", "pro")),
    ("deepseek", ("deepseek-v3", "deepseek-v3.1", "deepseek-v3.2", "deepseek-r1", "deepseek-r2"),
     ("base", "chat", "exp", "distill")),
    ("microsoft", ("phi-4", "phi-4-mini", "phi-5", "wizardlm-2"), ("7b", "14b", "8x22b")),
    ("nvidia", ("nemotron-nano", "nemotron-super", "nemotron-3"), ("9b-v2", "30b-a3b", "49b-v1.5", "70b")),
    ("cohere", ("command-r", "command-a", "command-r-plus"), ("03-2025", "08-2024", "12-2025")),
    ("nousresearch", ("hermes-3", "hermes-4"), ("llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b")),
    ("amazon", ("nova-micro", "nova-lite", "nova-pro", "nova-premier"), ("v1", "v2")),
    ("z-ai", ("glm-4.5", "glm-4.6", "glm-4.7", "glm-5"), ("air", "flash", "plus")),
    ("moonshotai", ("kimi-k2", "kimi-k2.5", "kimi-dev"), ("0711", "0905", "thinking")),
    ("x-ai", ("grok-3", "grok-4", "grok-4.1"), ("mini", "fast", "beta")),
    ("ai21", ("jamba-large", "jamba-mini"), ("1.6", "1.7")),
    ("liquid", ("lfm-2", "lfm-2.5"), ("1.2b", "2.6b", "8b-a1b")),
    ("tencent", ("hunyuan-a13b", "hunyuan-t1"), ("instruct", "preview")),
    ("baidu", ("ernie-4.5", "ernie-5"), ("21b-a3b", "300b-a47b", "vl-28b-a3b")),
    ("bytedance", ("seed-oss", "ui-tars-1.5"), ("7b", "36b")),
)  # fmt: skip
EDITIONS = ("", "-instruct", ":free", ":nitro", ":thinking")

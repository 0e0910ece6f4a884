"""Sources for tests that need an agent and do not care which."""


def agent_source(
    name: str = "code-reviewer",
    description: str = "Reviews a change for faults, and says where each one is.",
    prompt: str = "You review code. Say what is wrong, and where.\n",
    **fields: str,
) -> str:
    """An agent file; further fields are written as they are given: `agent_source(model="opus")`."""
    lines = [
        f"name: {name}",
        f"description: {description}",
        *(f"{key}: {value}" for key, value in fields.items()),
    ]
    return "\n".join(["---", *lines, "---", "", prompt])

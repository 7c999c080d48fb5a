/**
 * Answers as they come: server-sent events, or lines of JSON, out of a response's bytes, which may be cut anywhere.
 */

/** The events of a response, each as its parsed data. */
export async function* events(response) {
  for await (const block of split(response, "\n\n")) {
    const data = dataOf(block);
    if (data) yield JSON.parse(data);
  }
}

/** The lines of a response, each parsed. */
export async function* lines(response) {
  for await (const line of split(response, "\n")) if (line) yield JSON.parse(line);
}

async function* split(response, mark) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      rest = (rest + (value ?? "")).replaceAll("\r\n", "\n");
      let end = rest.indexOf(mark);
      while (end >= 0) {
        yield rest.slice(0, end);
        rest = rest.slice(end + mark.length);
        end = rest.indexOf(mark);
      }
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function dataOf(block) {
  return block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
}

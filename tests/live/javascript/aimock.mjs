// Starts aimock on a free port with the answers that the live tests ask for, and prints its URL.
import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ port: 0, host: "127.0.0.1" });
mock.addFixtures([
  { match: { userMessage: "say hello" }, response: { content: "Hello from the other side." } },
  {
    match: { userMessage: "think first" },
    response: { content: "It is four.", reasoning: "Two and two make four." },
  },
  {
    match: { userMessage: "weather in Paris", hasToolResult: false },
    response: { toolCalls: [{ name: "get_weather", arguments: '{"city":"Paris"}' }] },
  },
  {
    match: { userMessage: "weather in Paris", hasToolResult: true },
    response: { content: "It is warm in Paris." },
  },
  {
    match: { userMessage: "two cities", hasToolResult: false },
    response: {
      content: "I will look both up.",
      toolCalls: [
        { name: "get_weather", arguments: '{"city":"Paris"}' },
        { name: "get_weather", arguments: '{"city":"Rome"}' },
      ],
    },
  },
  {
    match: { userMessage: "be refused" },
    response: { error: { message: "slow down, please", type: "rate_limit_error" }, status: 429, retryAfter: 3 },
  },
]);
await mock.start();
console.log(mock.url);
process.on("SIGTERM", () => mock.stop().then(() => process.exit(0)));

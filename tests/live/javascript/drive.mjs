// What the JavaScript SDK makes of the proxy, as JSON on standard output: `node drive.mjs URL SCENARIO`.
// The asserting is done in ../test_sdk_javascript.py, which also scripts the provider.

import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema';

const [baseURL, scenario] = process.argv.slice(2);
const client = new Anthropic({ baseURL, apiKey: 'local', maxRetries: 0 });
const hello = { model: 'fake/model-x', max_tokens: 1000, messages: [{ role: 'user', content: 'Hello!' }] };
const numbers = { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } }, required: ['a', 'b'] };

const failure = (error) => ({
  class: error.constructor.name,
  status: error.status ?? null,
  type: error.type,
  message: error.apiMessage ?? error.message,
  requestID: error.requestID,
});

const scenarios = {
  async create() {
    const { data, response } = await client.messages.create({ ...hello, system: 'Be short.' }).withResponse();
    return { message: data, requestID: data._request_id, provider: response.headers.get('x-provider') };
  },

  async stream() {
    const texts = [];
    const stream = client.messages.stream(hello).on('text', (text) => texts.push(text));
    const message = await stream.finalMessage();
    const events = [];
    for await (const event of await client.messages.create({ ...hello, stream: true })) events.push(event.type);
    return { texts, message, events };
  },

  async tools() {
    const tools = [{ name: 'add', description: 'Add two numbers', input_schema: numbers }];
    const messages = [...hello.messages];
    const pieces = [];
    for (let turn = 0; turn < 5; turn++) {
      const stream = client.messages.stream({ ...hello, messages, tools });
      stream.on('inputJson', (piece) => pieces.push(piece));
      const message = await stream.finalMessage();
      messages.push({ role: 'assistant', content: message.content });
      const calls = message.content.filter((block) => block.type === 'tool_use');
      if (calls.length === 0) return { message, pieces };
      messages.push({
        role: 'user',
        content: calls.map(({ id, input }) =>
          input.b === 0
            ? { type: 'tool_result', tool_use_id: id, content: 'nothing to add', is_error: true }
            : { type: 'tool_result', tool_use_id: id, content: String(input.a + input.b) },
        ),
      });
    }
    throw new Error('the tools never came to an end');
  },

  async runner() {
    const add = betaTool({
      name: 'add',
      description: 'Add two numbers',
      inputSchema: numbers,
      run: ({ a, b }) => String(a + b),
    });
    const message = await client.beta.messages.toolRunner({ ...hello, tools: [add] });
    return { message };
  },

  async parse() {
    const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false };
    const message = await client.messages.parse({ ...hello, output_config: { format: jsonSchemaOutputFormat(schema) } });
    return { parsed: message.parsed_output };
  },

  async count() {
    return client.messages.countTokens({ model: hello.model, messages: hello.messages });
  },

  async models() {
    const ids = [];
    for await (const model of client.models.list({ limit: 2 })) ids.push(model.id);
    return { ids, one: await client.models.retrieve(ids.at(-1)) };
  },

  async errors() {
    const caught = [];
    for (let call = 0; call < 6; call++) {
      await client.messages.create(hello).then(
        () => caught.push(null),
        (error) => caught.push(failure(error)),
      );
    }
    return caught;
  },

  async middle() {
    // Once text is here, a second request lets the provider go on, to an error: it must not look like a good end.
    let text = '';
    let told;
    const stream = client.messages.stream(hello).on('text', (delta) => {
      text += delta;
      told ??= client.messages.create(hello);
    });
    const error = await stream.finalMessage().then(() => null, failure);
    await told;
    return { text, error };
  },

  async abort() {
    const stream = client.messages.stream(hello);
    stream.on('text', () => stream.abort());
    return stream.finalMessage().then(
      () => ({ error: null }),
      (error) => ({ error: error.constructor.name }),
    );
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));

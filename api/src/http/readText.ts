/** The body of an answer, which must not be longer than about `maxLength` characters. */
export async function readText(response: Response, maxLength: number): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  const chunks: AsyncIterable<Uint8Array> | Uint8Array[] = response.body ?? [];
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > maxLength) throw new Error('The answer is too large.');
  }
  return text;
}

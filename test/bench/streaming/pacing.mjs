/** Does it so many times, one every so many milliseconds. */
export async function repeat({ count, everyMs }, work) {
  for (let done = 0; done < count; done += 1) {
    work(done);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

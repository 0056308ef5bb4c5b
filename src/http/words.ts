/** What limner says of files to callers on this computer, and what is true of it for one elsewhere. */
export const remoteWords: readonly (readonly [here: string, elsewhere: string])[] = [
  [
    'Give output when the person needs the file at a certain place, and rely on the absolute path in the answer: the file is there.',
    'limner runs on a server, where the person has a space of their own: paths are those of the space, and files of this computer have to be uploaded first (PUT /files/NAME with the ' +
      'token). The answer names the path in the space, a resource and, where the server gives them out, a link to download the file.',
  ],
  ['export_image finishes pictures here, free', 'export_image finishes pictures on the server, free'],
  [
    'Saves the file and returns its absolute path, real size',
    'Saves the file in your space on the server and returns its path there, its resource, real size',
  ],
  [
    'A picture only pasted into the chat has no path: ask for the file.',
    'A picture pasted into the chat or lying on another computer has no path here: it has to be uploaded first.',
  ],
  ['Finish pictures on this computer, free and exact', 'Finish pictures on the server, free and exact'],
  [
    'Relative paths start at the project folder. Default: a name after the prompt, in the output folder.',
    'The path is one of your space on the server. Default: a name after the prompt.',
  ],
];

/** A text in the words that are true elsewhere. */
export function toRemoteWords(text: string): string {
  return remoteWords.reduce((told, [here, elsewhere]) => told.replace(here, elsewhere), text);
}

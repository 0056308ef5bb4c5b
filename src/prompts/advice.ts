import type { PromptName } from './table.ts';

/** The arguments that were given, by name. */
export type Given = Readonly<Record<string, string | undefined>>;

/** What an agent is told to do with them. */
export interface Advice {
  /** The request, in a sentence. */
  task: string;
  /** The call: the tool, and its arguments beside `prompt`. `literal` quotes what somebody else wrote. */
  call(given: Given, literal: (text: string) => string): string;
  /** How to write the prompt, and what to look at afterwards. */
  how(given: Given): readonly string[];
}

/** Which shape, where none was wished for, suits the kind of picture. */
const shape = ({ aspect_ratio: wished }: Given, usual: string) =>
  wished === undefined ? ` and aspect_ratio "${usual}"` : ' and aspect_ratio as wished below';

/**
 * How to ask for each kind of picture, after Google's guidance for its image models (https://ai.google.dev/gemini-api/docs/image-generation), in limner's own words and with
 * limner's own arguments.
 */
export const advice: Record<PromptName, Advice> = {
  photo: {
    task: 'Make a photorealistic picture.',
    call: (given) => `Call generate_image once, with prompt${shape(given, '3:2')}.`,
    how: () => [
      'Begin with what kind of photo it is (photorealistic close-up, portrait, wide shot), then who or what is in it, what they do, and where.',
      'Then the light: where it comes from, how hard it is, what mood it makes. Then the camera: lens in millimetres, angle, what is in focus.',
      'End with one or two fine details that a camera would catch: skin, cloth, rain on metal.',
    ],
  },
  sticker_or_icon: {
    task: 'Make a sticker or an icon.',
    call: () => 'Call generate_image once, with prompt, background "transparent" and format "png".',
    how: () => [
      'Name the style, the outline (bold or none), the kind of shading and the two to four colours, and describe one silhouette that is still clear when it is small.',
      'Say nothing of a background or of transparency in the prompt: the argument background sees to that.',
      'For a favicon, app icons or other sizes call export_image on the result: that is free.',
    ],
  },
  text_in_image: {
    task: 'Make a picture with words in it.',
    call: (given) =>
      `Call generate_image once, with prompt${shape(given, '4:5')}; with model "pro", which costs 2-4 times as much, where there are more than ten words or small print.`,
    how: () => [
      'Say what it is and what it is for. Put the exact words between quotation marks, line by line and spelt as they are above, and say that nothing else is written.',
      'Describe the letters (weight, serif or none, drawn by hand), their size, their colour against what is behind them, and where they stand; then the rest of the picture.',
      'Compare the result with the words, letter by letter. Where one is wrong, call edit_image on it: name that word, how it is spelt, and that all else stays.',
    ],
  },
  product_shot: {
    task: 'Make a studio photo of a product.',
    call: ({ picture, ...given }, literal) =>
      picture === undefined
        ? `Call generate_image once, with prompt${shape(given, '1:1')}.`
        : `Call compose_images once, with prompt, images [${literal(picture)}]${shape(given, '1:1')}.`,
    how: ({ picture }) => [
      'Call it a studio product photo. Say what the product stands on, how it is lit (softboxes, rim light, a window) and what that is to bring out.',
      'Give the angle of the camera, the feature it shows, and what is sharpest.',
      ...(picture === undefined
        ? []
        : [
            'Say that the product of image 1 keeps its shape, colours, label and logo exactly, and describe those closely; they change most easily.',
          ]),
    ],
  },
  minimalist: {
    task: 'Make a minimalist picture with room for text.',
    call: (given) => `Call generate_image once, with prompt${shape(given, '16:9')}.`,
    how: () => [
      'Describe one single subject, small, and its place in the frame; all the rest is one large, even field of colour that stays empty.',
      'Soft light from one side, and at most a faint shadow.',
    ],
  },
  comic: {
    task: 'Draw a comic strip.',
    call: (given) => `Call generate_image once, with prompt${shape(given, '16:9')}.`,
    how: ({ panels }) => [
      'Describe the main character once and closely (age, hair, clothes, one thing nobody else has), and say that it looks the same in every panel.',
      `Then tell the story panel by panel${panels === undefined ? ', in four panels' : ''}: "Panel 1: …" with what is seen, from how near, and what changes.`,
      'Put what is said in quotation marks, a few words a panel, and say who says it. Name the drawing style, the ink and the colours once for all panels.',
    ],
  },
  sketch_to_photo: {
    task: 'Make a finished picture out of a sketch.',
    call: (given, literal) => `Call edit_image once, with prompt and image ${literal(given.picture ?? '')}.`,
    how: () => [
      'Look at the sketch first, if you can. Say what it shows and what it is to become.',
      'Say what has to stay: layout, proportions, perspective, and every part that is drawn.',
      'Add what a sketch cannot show: materials, surfaces, light, what is around it.',
    ],
  },
  infographic: {
    task: 'Make an infographic.',
    call: (given) =>
      `Call generate_image once, with prompt${given.facts === undefined ? ', web_search true' : ''}${shape(given, '3:4')}; with model "pro" (2-4 times the price) where there is much small lettering.`,
    how: ({ facts }) => [
      facts === undefined
        ? 'Find out the facts first where you can, and put them into the prompt with the day they are of; what you cannot find the model looks up itself.'
        : 'Use the facts above and no others.',
      'Put each figure and label between quotation marks, and say that nothing else is written. One message, few words, large.',
      'Say how it is laid out, what belongs to what, and in which order it is read.',
      'Check every figure in the result against what you asked for before handing it over.',
    ],
  },
  inpaint: {
    task: 'Change one thing in a picture and leave the rest as it is.',
    call: ({ picture = '', region }, literal) => {
      const where = 'with region too where the thing has a clear place ("top left", "left 0%, top 5%, right 30%, bottom 50%")';
      const image = `image ${literal(picture)}`;
      return region === undefined
        ? `Call edit_image once, with prompt and ${image}; ${where}, since every pixel outside it then stays.`
        : `Call edit_image once, with prompt, ${image} and region ${literal(region)}.`;
    },
    how: () => [
      'Say in one sentence what changes and into what, and how it fits in: its size, its light, its shadow.',
      'Then say that everything else stays exactly as it is: style, light, composition, faces, lettering.',
      'One change a call. For a second one call edit_image again on the result; to undo, on the picture before.',
    ],
  },
  style_transfer: {
    task: 'Paint a picture again in another style.',
    call: ({ picture = '', style_picture: styled }, literal) =>
      `Call edit_image once, with prompt and image ${literal(picture)}${styled === undefined ? '' : ` and references [${literal(styled)}]`}.`,
    how: ({ style_picture: styled }) => [
      'Describe the style by what makes it: medium, line or brush, colours, texture, light. Its name alone says too little.',
      'Say that the composition stays: what is shown, where it is, how it is framed, and who is who.',
      ...(styled === undefined ? [] : ['Image 2 lends its style alone: say that nothing of what it shows appears.']),
    ],
  },
  compose: {
    task: 'Make one picture out of several.',
    call: (given, literal) => {
      const pictures = [given.picture_1, given.picture_2, given.picture_3].flatMap((picture) =>
        picture === undefined ? [] : [literal(picture)],
      );
      const images = `images [${pictures.join(', ')}]`;
      return `Call compose_images once, with prompt${given.aspect_ratio === undefined ? ` and ${images}` : `, ${images} and aspect_ratio as wished below`}.`;
    },
    how: () => [
      'Give each picture its part by its number: "the woman of image 1 wears the jacket of image 2". Say where each thing stands and how large it is.',
      'Ask for one light and one perspective for all of it, with the shadows that follow.',
      'Name what may not change, such as a face, a logo or a label, and describe it closely.',
      'Where one of the pictures stays the scene and the others are only put into it, call edit_image instead, with them as references.',
    ],
  },
  character_sheet: {
    task: 'Make a character sheet: the same character from several sides, one picture a side.',
    call({ picture }, literal) {
      const first = picture === undefined ? 'generate_image' : `compose_images with images [${literal(picture)}]`;
      return (
        `Call ${first} for the first side, and then compose_images for each further one, with all sides made so far as images. ` +
        'Each side is paid: ask with dry_run what one costs, and tell me the sum before you begin.'
      );
    },
    how: ({ views }) => [
      `One side a call${views === undefined ? ': front, left profile, back' : ', in the order above'}. In each the whole figure, standing at ease, on the same plain ground, in the same even light.`,
      'Say in every call, with the same words, how the character looks: face, hair, build, clothes, colours, and the one thing nobody else has.',
      'Name the pictures by number: "the character of image 1, seen from behind, in the same clothes".',
      'Look at each side before the next, and make one that differs again.',
    ],
  },
};

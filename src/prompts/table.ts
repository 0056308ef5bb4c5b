/** Where suggestions for an argument come from: the pictures there are, or one of the lists of words in `complete.ts`. */
export type Completion =
  | 'picture'
  | 'aspect_ratio'
  | 'light'
  | 'mood'
  | 'shot'
  | 'style'
  | 'lettering'
  | 'kind'
  | 'layout'
  | 'position'
  | 'surface'
  | 'angle'
  | 'panels'
  | 'finish'
  | 'chart'
  | 'region'
  | 'views'
  | 'ground'
  | 'palette';

export interface PromptArgument {
  name: string;
  /** A few words; hosts show them beside the field. */
  description: string;
  required?: true;
  completes?: Completion;
}

/** What hosts list of a prompt, most of them as a slash command. */
interface ListedPrompt {
  name: string;
  title: string;
  description: string;
  /** The most important first: some hosts fill them in by their order. */
  arguments: readonly PromptArgument[];
}

const aspectRatio = { name: 'aspect_ratio', description: 'Shape as W:H, such as 16:9', completes: 'aspect_ratio' } as const;
const colours = { name: 'colours', description: 'Two to four colours', completes: 'palette' } as const;

const picture = (description: string, name = 'picture') =>
  ({ name, description: `${description}: path, id (img_…) or last`, completes: 'picture' }) as const;

/** The prompts, in the order they are listed. What each says is in `advice.ts`, loaded when one is asked for. */
export const prompts = [
  {
    name: 'photo',
    title: 'Photo',
    description: 'A photorealistic picture of anything',
    arguments: [
      { name: 'subject', description: 'Who or what, doing what', required: true },
      { name: 'place', description: 'Where, and when' },
      { name: 'light', description: 'Light: source, direction', completes: 'light' },
      { name: 'shot', description: 'Shot, lens, angle', completes: 'shot' },
      { name: 'mood', description: 'Mood', completes: 'mood' },
      aspectRatio,
    ],
  },
  {
    name: 'sticker_or_icon',
    title: 'Sticker or icon',
    description: 'A sticker, icon or mark on a transparent background',
    arguments: [
      { name: 'subject', description: 'What it shows', required: true },
      { name: 'style', description: 'Style', completes: 'style' },
      colours,
    ],
  },
  {
    name: 'text_in_image',
    title: 'Text in a picture',
    description: 'A poster, sign, cover or banner whose words are spelt exactly as given',
    arguments: [
      { name: 'text', description: 'The exact words', required: true },
      { name: 'kind', description: 'What it is', completes: 'kind' },
      { name: 'lettering', description: 'How the letters look', completes: 'lettering' },
      { name: 'layout', description: 'What stands where', completes: 'layout' },
      colours,
      aspectRatio,
    ],
  },
  {
    name: 'product_shot',
    title: 'Product shot',
    description: 'A studio photo of a product, from words or from a picture of it',
    arguments: [
      { name: 'product', description: 'The product, with its details', required: true },
      picture('A picture of it'),
      { name: 'surface', description: 'What it stands on', completes: 'surface' },
      { name: 'light', description: 'Studio light', completes: 'light' },
      { name: 'angle', description: 'Camera angle', completes: 'angle' },
      aspectRatio,
    ],
  },
  {
    name: 'minimalist',
    title: 'Minimalist',
    description: 'One small subject in much empty space, with room for text',
    arguments: [
      { name: 'subject', description: 'The one thing to be seen', required: true },
      { name: 'position', description: 'Where in the frame', completes: 'position' },
      { name: 'ground', description: 'Colour of the empty space', completes: 'ground' },
      aspectRatio,
    ],
  },
  {
    name: 'comic',
    title: 'Comic',
    description: 'A comic strip with one character throughout',
    arguments: [
      { name: 'story', description: 'What happens', required: true },
      { name: 'character', description: 'Who it is about, and how they look' },
      { name: 'panels', description: 'How many panels', completes: 'panels' },
      { name: 'style', description: 'Drawing style', completes: 'style' },
      aspectRatio,
    ],
  },
  {
    name: 'sketch_to_photo',
    title: 'Sketch to photo',
    description: 'A finished picture from a sketch, laid out as it is',
    arguments: [
      { ...picture('The sketch'), required: true },
      { name: 'subject', description: 'What the sketch shows' },
      { name: 'finish', description: 'What it is to become', completes: 'finish' },
      { name: 'materials', description: 'Materials and details to add' },
    ],
  },
  {
    name: 'infographic',
    title: 'Infographic',
    description: 'Facts as one clear picture, looked up on the web unless given',
    arguments: [
      { name: 'topic', description: 'What it is about', required: true },
      { name: 'facts', description: 'Figures and labels; else they are looked up' },
      { name: 'chart', description: 'Form', completes: 'chart' },
      { name: 'style', description: 'Style', completes: 'style' },
      aspectRatio,
    ],
  },
  {
    name: 'inpaint',
    title: 'Change one thing',
    description: 'One thing of a picture is changed, added or removed, the rest stays',
    arguments: [
      { ...picture('The picture to change'), required: true },
      { name: 'change', description: 'What to change, and into what', required: true },
      { name: 'region', description: 'The part that may change', completes: 'region' },
    ],
  },
  {
    name: 'style_transfer',
    title: 'Another style',
    description: 'The same picture, painted in another style',
    arguments: [
      { ...picture('The picture to repaint'), required: true },
      { name: 'style', description: 'The style', required: true, completes: 'style' },
      picture('A picture to take the style from', 'style_picture'),
    ],
  },
  {
    name: 'compose',
    title: 'Compose',
    description: 'A new picture out of two or three others',
    arguments: [
      { ...picture('The first picture', 'picture_1'), required: true },
      { ...picture('The second picture', 'picture_2'), required: true },
      { name: 'scene', description: 'What they show together, with the part of each', required: true },
      picture('A third picture', 'picture_3'),
      aspectRatio,
    ],
  },
  {
    name: 'character_sheet',
    title: 'Character sheet',
    description: 'One character from several sides, always the same; a paid call for each side',
    arguments: [
      { name: 'character', description: 'Who it is, and how they look', required: true },
      picture('A picture of the character'),
      { name: 'views', description: 'The sides to show', completes: 'views' },
      { name: 'style', description: 'Style', completes: 'style' },
      { name: 'ground', description: 'Colour behind the character', completes: 'ground' },
    ],
  },
] as const satisfies readonly ListedPrompt[];

export type PromptName = (typeof prompts)[number]['name'];

import { words } from './words.ts';

export interface Wish {
  names: readonly string[];
  /** Values that ask for nothing after all, besides the neutral words. */
  harmless: readonly string[];
  /** What to do instead; follows `has no "name": `. */
  advice: string;
}

const off = ['false', '0'];
const avoided = words('negative_prompt negative negative_text avoid exclude');
const seeds = words('seed random_seed rng_seed image_seed');
const qualities = words('quality image_quality output_quality jpeg_quality hd');
const compressions = words('compression output_compression compress compression_level');
const looks = words(`style style_preset style_prompt art_style artistic_style artist medium mood tone theme lighting camera camera_angle
  composition colors palette color_palette subject setting scene language`);
const samplers =
  words(`steps num_steps num_inference_steps guidance guidance_scale cfg cfg_scale sampler scheduler temperature top_p top_k strength
  image_strength prompt_strength style_strength denoise denoising_strength lora loras weight weights thinking_level thinking_budget`);
const rewriters = words('enhance_prompt prompt_enhancement magic_prompt prompt_upsampling rewrite_prompt prompt_extend');
const filters = words('moderation safety safety_settings safety_filter_level safety_tolerance person_generation nsfw');
const atMost = words(`max_width max_height max_dimension max_side max_edge max_pixels longest_side longest_edge long_edge long_side`);

/** What cannot be honoured, whichever tool is asked. */
export const wishes: readonly Wish[] = [
  {
    names: words('image images references'),
    harmless: [],
    advice: 'it sees no existing picture, so use edit_image to change one or compose_images to combine several',
  },
  {
    names: words('size sizes'),
    harmless: [],
    advice: 'give exact pixels as width and height, or the shape as aspect_ratio such as "16:9" and the detail as resolution 1K, 2K or 4K',
  },
  {
    names: atMost,
    harmless: [],
    advice: 'give width or height; the file has exactly that, and one alone keeps the shape',
  },
  { names: avoided, harmless: [], advice: 'say in prompt what is wanted ("an empty street" rather than "no cars")' },
  {
    names: seeds,
    harmless: ['-1', 'random'],
    advice: 'results are not reproducible, so leave it out, and edit a picture that is to be kept',
  },
  {
    names: [...qualities, 'upscale'],
    harmless: off,
    advice: 'resolution (1K, 2K, 4K) decides the pixels, model (flash, pro, lite) the care and max_kb the size of the file',
  },
  { names: looks, harmless: [], advice: 'say it in prompt' },
  {
    names: words('mask region'),
    harmless: [],
    advice: 'use edit_image to change a part of an existing picture; in a new one, describe the place in prompt',
  },
  { names: compressions, harmless: off, advice: 'give the largest file as max_kb, and the quality is chosen to fit' },
  {
    names: words('fit resize_mode object_fit fit_mode'),
    harmless: ['cover', 'crop'],
    advice: 'width and height crop around the subject; export_image can add a border instead',
  },
  {
    names: words('preset trim widths crop favicon favicons sprite sprite_sheet srcset responsive densities retina pixelate'),
    harmless: off,
    advice: 'export_image does that to the finished picture, free',
  },
  {
    names: words(`response_format response_type response_modalities return_type return_format return_base64 include_base64 as_base64 base64
      b64 return_url return_image preview preview_only stream partial_images`),
    harmless: off,
    advice: 'the answer always has the path and a preview, so leave it out',
  },
  { names: samplers, harmless: [], advice: 'limner has no such setting, so say in prompt what it is meant to bring about' },
  { names: rewriters, harmless: off, advice: 'the prompt is used as it is written, so write it out in full' },
  { names: filters, harmless: [], advice: "Google's filters cannot be changed, so leave it out" },
  {
    names: words('api_key google_api_key gemini_api_key'),
    harmless: [],
    advice: 'keys belong in the settings of the server, never in a call, so leave it out',
  },
];

/** What one tool answers otherwise, or cannot honour though others can. */
export const toolWishes: Record<string, readonly Wish[]> = {
  export_image: [
    {
      names: ['prompt', 'references', ...avoided, ...seeds.slice(1), ...looks, ...samplers, ...rewriters, ...filters],
      harmless: [],
      advice: 'it paints nothing, so use edit_image to change what a picture shows',
    },
    { names: ['seed'], harmless: ['-1', 'random'], advice: 'it paints nothing and comes out the same every time, so leave it out' },
    { names: words('model web_search'), harmless: off, advice: 'it works on this computer without a model, so leave it out' },
    { names: ['count'], harmless: ['1'], advice: 'each file is made once; for several sizes give a preset' },
    { names: ['dry_run'], harmless: off, advice: 'it is free and replaces nothing unless overwrite is true, so call it without' },
    { names: ['aspect_ratio'], harmless: [], advice: 'give width and height in pixels; what hangs over is cropped' },
    { names: ['size'], harmless: [], advice: 'give width and height in pixels; one alone keeps the shape' },
    {
      names: words('scale scales scale_factor factor zoom percent percentage'),
      harmless: ['1', '100'],
      advice: 'give width or height in pixels, or the preset densities with width for @1x @2x @3x',
    },
    {
      names: words('upscale upscaler upscaling enhance super_resolution hd sharpen'),
      harmless: off,
      advice: 'it invents no detail, so use edit_image with resolution 2K or 4K',
    },
    {
      names: words('region crop crop_box crop_area crop_region extract'),
      harmless: [],
      advice: 'width and height crop around the subject, and trim cuts margins away; a chosen box cannot be cut out',
    },
    { names: ['mask'], harmless: [], advice: 'it repaints nothing, so use edit_image to change a part of a picture' },
    {
      names: [...qualities.filter((name) => name !== 'hd'), ...compressions, 'lossless', 'optimize'],
      harmless: off,
      advice: 'give the largest file as max_kb, and the quality is chosen to fit',
    },
  ],
};

/**
 * What agents write and what limner calls it: the data behind this folder. Names are compared without case and separators, so one spelling
 * stands for all (`numImages`, `num-images`, `NUM IMAGES`).
 */

/**
 * Other names of an argument. A name may also stand for a part: `folder` is the directory of `output`, `size` is a shape or a resolution,
 * and `image`, `images`, `references` are one picture, the pictures, further pictures, wherever the tool keeps them.
 */
export const aliases = {
  prompt: words(`text description instruction instructions query prompts prompt_text text_prompt user_prompt edit edit_prompt
    edit_instruction edit_instructions caption image_description`),
  count: words(`n num number num_images number_of_images image_count images_count num_outputs samples num_samples sample_count batch_size
    variations num_variations number_of_variations variation_count amount quantity`),
  aspect_ratio: words('ratio aspect shape orientation image_aspect_ratio ar'),
  resolution: words('res image_resolution output_resolution'),
  size: words('image_size dimensions dimension output_size picture_size'),
  format: words(`output_format output_type file_format image_format file_type type mime_type media_type output_mime_type extension
    file_extension ext`),
  output: words(`output_path output_file output_filename output_location filename file_name save_path save_to save_as destination dest out
    outfile out_path target_path`),
  folder: words(`output_dir output_folder output_directory out_dir save_dir save_folder save_directory destination_folder directory dir`),
  overwrite: words('replace force overwrite_existing replace_existing'),
  model: words('model_name model_id image_model engine'),
  web_search: words(`search web internet grounding google_search use_search enable_search use_web_search use_google_search
    search_grounding`),
  dry_run:
    words(`dry estimate estimate_only estimate_cost cost_estimate simulate simulation plan_only cost_only price_only check_only validate_only
    test_run`),
  image: words(`image_path image_file image_id image_url image_uri img url input input_image input_image_path input_path input_file source
    source_image source_image_path source_path original original_image base_image init_image file picture picture_path photo photo_path`),
  images: words(`image_paths image_files image_urls image_list input_images input_image_paths inputs source_images sources pictures photos
    files`),
  references: words(`reference refs reference_image reference_images reference_paths reference_image_path reference_image_paths ref_image
    ref_images style_image style_reference style_reference_image character_reference`),
};

/** A bare path is where to write only for the tool that reads no picture; elsewhere it could be either. */
export const toolAliases = { generate_image: { output: words('path file_path') } };

/** Which arguments a tool must have, any one of them, for a part to find its place. */
export const homes = {
  folder: ['output'],
  size: ['resolution'],
  image: ['image', 'images'],
  images: ['images', 'references'],
  references: ['references', 'images'],
};

/** Words for a value. Other spellings of a tool's own values need no entry. */
export const synonyms = {
  aspect_ratio: {
    square: '1:1',
    square_hd: '1:1',
    landscape: '16:9',
    horizontal: '16:9',
    widescreen: '16:9',
    portrait: '9:16',
    vertical: '9:16',
    landscape_16_9: '16:9',
    landscape_3_2: '3:2',
    landscape_4_3: '4:3',
    portrait_16_9: '9:16',
    portrait_9_16: '9:16',
    portrait_2_3: '2:3',
    portrait_3_4: '3:4',
    portrait_4_3: '3:4',
  },
  resolution: { 1024: '1K', '1024px': '1K', 2048: '2K', '2048px': '2K', 4096: '4K', '4096px': '4K' },
  format: { jpg: 'jpeg', image_jpg: 'jpeg', image_jpeg: 'jpeg', image_png: 'png', image_webp: 'webp', image_avif: 'avif' },
};

/** Said for an optional argument these mean that nothing was asked. */
export const neutralWords = words('auto none default null undefined');

export const booleanWords = { true: words('true yes on 1'), false: words('false no off 0') };

/** The one key around all arguments that some hosts and agents add. */
export const wrappers = words('arguments args input params parameters');

/** Added by hosts, or said to nobody: never a wish about the picture. */
export const silentNames =
  words(`wait_for_previous wait_for_previous_tools tool_action tool_summary tool_call_id task_progress security_risk
  reasoning rationale explanation thought thoughts thinking user request_id session_id`);

/** Silent too when the value is the name of the tool that is being called. */
export const toolNameNames = words('tool tool_name name function function_name');

/** How an object says which picture it means, the best first, and what may stand beside it without being a wish. */
export const pictureKeys = words('path file_path id url uri');
export const pictureNotes = words('type name file_name title mime_type media_type width height size');

/** Names for one side of an exact size in pixels. */
export const sides = {
  width: words('w image_width output_width target_width width_px'),
  height: words('h image_height output_height target_height height_px'),
};

interface Wish {
  names: readonly string[];
  /** Values that ask for nothing after all, besides the neutral words. */
  harmless: readonly string[];
  /** What to do instead; follows `has no "name": `. */
  advice: string;
}

/** What cannot be honoured. */
export const wishes: readonly Wish[] = [
  {
    names: words('image images references'),
    harmless: [],
    advice: 'it sees no existing picture, so use edit_image to change one or compose_images to combine several',
  },
  {
    names: words('size'),
    harmless: [],
    advice: 'give the shape as aspect_ratio such as "16:9" and the detail as resolution 1K, 2K or 4K',
  },
  {
    names: words('negative_prompt negative negative_text avoid exclude'),
    harmless: [],
    advice: 'say in prompt what is wanted ("an empty street" rather than "no cars")',
  },
  {
    names: words('seed random_seed rng_seed image_seed'),
    harmless: ['-1', 'random'],
    advice: 'results are not reproducible, so leave it out, and edit a picture that is to be kept',
  },
  {
    names: words('quality image_quality output_quality hd upscale'),
    harmless: ['false', '0'],
    advice: 'resolution (1K, 2K, 4K) decides the pixels and model (flash, pro, lite) the care',
  },
  {
    names: words(`style style_preset style_prompt art_style artistic_style artist medium mood tone theme lighting camera camera_angle
      composition colors palette color_palette subject setting scene language`),
    harmless: [],
    advice: 'say it in prompt',
  },
  {
    names: words('mask mask_image mask_path mask_url region area box bbox bounding_box roi selection'),
    harmless: [],
    advice: 'describe the place in prompt ("only the sky", "the cup at the bottom left")',
  },
  {
    names: words(`transparent transparency transparent_background background background_color background_type alpha remove_background`),
    harmless: ['false', 'opaque', '0'],
    advice: 'real transparency cannot be delivered, so describe in prompt a flat plain background and remove it afterwards',
  },
  {
    names: words('max_kb max_size max_size_kb max_file_size max_bytes file_size target_size_kb compression output_compression compress'),
    harmless: ['false', '0'],
    advice: 'a file size cannot be set, but format "webp" or "avif" makes small files',
  },
  {
    names: words(`response_format response_type response_modalities return_type return_format return_base64 include_base64 as_base64 base64
      b64 return_url return_image preview preview_only stream partial_images`),
    harmless: ['false', '0'],
    advice: 'the answer always has the path and a preview, so leave it out',
  },
  {
    names:
      words(`steps num_steps num_inference_steps guidance guidance_scale cfg cfg_scale sampler scheduler temperature top_p top_k strength
      image_strength prompt_strength style_strength denoise denoising_strength lora loras weight weights thinking_level thinking_budget`),
    harmless: [],
    advice: 'limner has no such setting, so say in prompt what it is meant to bring about',
  },
  {
    names: words('enhance_prompt prompt_enhancement magic_prompt prompt_upsampling rewrite_prompt prompt_extend'),
    harmless: ['false', '0'],
    advice: 'the prompt is used as it is written, so write it out in full',
  },
  {
    names: words('moderation safety safety_settings safety_filter_level safety_tolerance person_generation nsfw'),
    harmless: [],
    advice: "Google's filters cannot be changed, so leave it out",
  },
  {
    names: words('api_key google_api_key gemini_api_key'),
    harmless: [],
    advice: 'keys belong in the settings of the server, never in a call, so leave it out',
  },
];

/** What to do about a value that is wrong, by argument. */
export const hints = {
  prompt: 'say in one text, in full sentences, what the picture should show; different subjects need separate calls',
  image: 'give the path of the picture to change',
  references: 'give the paths of the pictures to take something from',
  images: 'give the paths of the pictures to combine',
  count: 'give how many variations to make, and call again for more',
  aspect_ratio: 'give a shape W:H such as "16:9", or leave it out',
  resolution: 'give one of these, or leave it out',
  format: 'give one of these, or leave it out',
  output: 'give a file such as "out/fox.png", or a folder ending in "/"',
  overwrite: 'give true only to replace the picture at output',
  model: 'give flash, pro, lite or a full model id, or leave it out',
  web_search: 'give true to look facts up first, and say in prompt which',
  dry_run: 'give true to be told plan and price and have nothing made',
};

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

import { words } from './words.ts';

/**
 * What agents call an argument and what limner calls it. Names are compared without case and separators, so one spelling stands for all
 * (`numImages`, `num-images`, `NUM IMAGES`). A name may also stand for a part: `folder` is the directory of `output`, `size` is exact pixels, a
 * shape, a resolution or the size of the file, and `image`, `images`, `references` are one picture, the pictures, further pictures, wherever the
 * tool keeps them.
 */
export const aliases = {
  prompt: words(`text description instruction instructions query prompts prompt_text text_prompt user_prompt edit edit_prompt
    edit_instruction edit_instructions caption image_description`),
  count: words(`n num number num_images number_of_images image_count images_count num_outputs samples num_samples sample_count batch_size
    variations num_variations number_of_variations variation_count amount quantity`),
  aspect_ratio: words('ratio aspect shape orientation image_aspect_ratio ar'),
  resolution: words('res image_resolution output_resolution'),
  width: words('w image_width output_width target_width width_px new_width'),
  height: words('h image_height output_height target_height height_px new_height'),
  size: words('image_size dimensions dimension output_size picture_size target_size new_size image_dimensions output_dimensions'),
  format: words(`output_format output_type file_format image_format file_type type mime_type media_type output_mime_type extension
    file_extension ext`),
  output: words(`output_path output_file output_filename output_location filename file_name save_path save_to save_as destination dest out
    outfile out_path target_path`),
  folder: words(`output_dir output_folder output_directory out_dir save_dir save_folder save_directory destination_folder directory dir`),
  background: words('background_type background_color background_colour bg bg_color bg_colour background_style'),
  region: words('area bbox box bounding_box roi selection edit_region edit_area rect rectangle'),
  alt: words(
    'alt_text alternative_text alternate_text alt_description image_alt image_alt_text accessibility_text accessible_description aria_label',
  ),
  mask: words('mask_image mask_path mask_url mask_file mask_image_path mask_img inpaint_mask inpainting_mask'),
  overwrite: words('replace force overwrite_existing replace_existing'),
  model: words('model_name model_id image_model engine'),
  web_search: words(`search web internet grounding google_search use_search enable_search use_web_search use_google_search
    search_grounding`),
  dry_run:
    words(`dry estimate estimate_only estimate_cost cost_estimate simulate simulation plan_only cost_only price_only check_only validate_only
    test_run`),
  image: words(`image_path image_file image_id image_url image_uri img url input input_image input_image_path input_path input_file source
    source_image source_image_path source_path original original_image base_image init_image file picture picture_path photo photo_path src`),
  images: words(`image_paths image_files image_urls image_list input_images input_image_paths inputs source_images sources pictures photos
    files`),
  references: words(`reference refs reference_image reference_images reference_paths reference_image_path reference_image_paths ref_image
    ref_images style_image style_reference style_reference_image character_reference`),
};

/** A bare path is where to write only for the tool that reads no picture; elsewhere it could be either. */
export const toolAliases = {
  generate_image: { output: words('path file_path') },
  start_batch: {
    file: words('path file_path input input_file input_path prompts_file jobs_file source'),
    jobs: words('prompts job lines requests tasks items'),
  },
  collect_batch: { batch: words('id batch_id name') },
  export_image: {
    preset: words(`kind icon_set target platform preset_name preset_type asset_type icon_type export_type purpose`),
    fit: words('resize_mode object_fit resize_fit fit_mode scale_mode'),
    size: words('resize resize_to resolution res image_resolution output_resolution'),
    trim: words('trim_margins trim_whitespace trim_edges trim_transparent auto_trim autocrop auto_crop'),
    // Elsewhere what is described is what shall be painted.
    alt: words('description image_description'),
    widths: words('breakpoints srcset_widths responsive_widths image_widths'),
    image: words('path file_path'),
    images: words(
      'paths file_paths input_dir input_folder input_directory source_dir source_folder source_directory image_dir image_folder',
    ),
  },
};

/** Names that stand for whichever of these arguments knows the value, and else for the first. */
export const valueDecides = {
  export_image: { type: ['format', 'preset'], mode: ['fit', 'preset'] },
};

/** Keys that with `true` mean this value of the argument. Not with 1: `alpha: 1` is opaque to whoever draws. */
export const flags = {
  background: {
    transparent:
      words(`transparent transparency transparent_background transparent_bg is_transparent background_transparent alpha alpha_channel
      with_alpha has_alpha remove_background remove_bg background_removal no_background without_background cutout cut_out`),
  },
  preset: {
    favicon: words('favicon favicons'),
    pwa: words('pwa'),
    ios: words('ios'),
    android: words('android'),
    og: words('og open_graph'),
    srcset: words('srcset responsive'),
    densities: words('densities retina'),
    sprite: words('sprite sprite_sheet'),
    'pixel-art': words('pixel_art pixelate'),
  },
  fit: { cover: words('cover'), contain: words('contain pad letterbox') },
};

/** Names for the largest file, by the unit they say; after `unsaid` a bare number could be anything. */
export const fileSizes = {
  b: words('max_bytes max_size_bytes max_file_size_bytes max_size_in_bytes target_bytes size_bytes file_size_bytes'),
  kb: words(`max_kb max_size_kb max_file_size_kb max_filesize_kb max_kilobytes max_size_in_kb file_size_kb target_size_kb target_kb target_file_size_kb
    size_kb size_limit_kb kb`),
  mb: words(
    'max_mb max_size_mb max_file_size_mb max_filesize_mb max_megabytes max_size_in_mb file_size_mb target_size_mb target_mb size_mb mb',
  ),
  unsaid: words('max_size max_file_size max_filesize max_image_size file_size filesize file_size_limit size_limit target_file_size'),
};

/** Which arguments a tool must have, any one of them, for a part to find its place. */
export const homes = {
  folder: ['output'],
  size: ['width'],
  image: ['image', 'images'],
  images: ['images', 'references'],
  references: ['references', 'images'],
};

/** The one key around all arguments that some hosts and agents add. */
export const wrappers = words('arguments args input params parameters');

/** Added by hosts, or said to nobody: never a wish about the picture. */
export const silentNames =
  words(`wait_for_previous wait_for_previous_tools tool_action tool_summary tool_call_id task_progress security_risk
  reasoning rationale explanation thought thoughts thinking user request_id session_id`);

/** Silent too when the value is the name of the tool that is being called. */
export const toolNameNames = words('tool tool_name name function function_name');

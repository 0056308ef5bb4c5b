/** The recent pictures; below it, each picture under its id. */
export const imagesUri = 'limner://images';

/** How many pictures are told of there. */
export const catalogued = 50;

/** The page that hosts with MCP Apps show a result with. */
export const galleryUri = 'ui://limner/gallery.html';

/** Address of a picture; `{id}` stands for which. */
export const imageTemplate = `${imagesUri}/{id}`;

/** Address of a picture as it was delivered. */
export function toFileUri(id: string): string {
  return `${imagesUri}/${id}/file`;
}
